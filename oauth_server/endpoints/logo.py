"""A client's logo from our own origin: the content security policy of our pages lets in no other picture."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse

from oauth_server.clients import logos, registry
from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.caching import cacheable

_MAX_AGE: Final = 3_600


@protocol_endpoint("logo", "GET", "HEAD", cacheable=True)
def logo(request: HttpRequest, now: datetime, client_id: str) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """The picture, or 404."""
    client = registry.get(client_id)
    picture = logos.read(client, request.GET.get("v", "")) if client is not None and client.is_active else None
    if picture is None:
        return HttpResponse(status=404)
    response = cacheable(request, picture.body, picture.etag, picture.media_type, _MAX_AGE)
    # Opened by itself it is a page of a stranger's on our origin: it may do nothing.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
