"""A client's colour, as a style sheet of our own origin: the content security policy lets in no other style."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse

from oauth_server.clients import branding, registry
from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.caching import cacheable

_MAX_AGE: Final = 3_600


@protocol_endpoint("brand", "GET", "HEAD", cacheable=True)
def style(request: HttpRequest, now: datetime, client_id: str) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """The style sheet, or 404."""
    client = registry.get(client_id)
    sheet = branding.style_sheet(client) if client is not None and client.is_active else ""
    if client is None or not sheet:
        return HttpResponse(status=404)
    return cacheable(request, sheet.encode(), f'"{branding.version(client)}"', "text/css; charset=utf-8", _MAX_AGE)
