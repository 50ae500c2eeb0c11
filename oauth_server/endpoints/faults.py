"""What any page answers when it failed: malformed requests, outages, surprises. Django's handler400 and handler500.

Django's own read the form again, to judge its CSRF token; where the form itself is the fault that fails once more, and the
server's last word is a bare 500. These read nothing of the request.
"""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for what Django calls a ``BadRequest`` or a ``SuspiciousOperation``."""
    del request, exception
    return _page("400.html", 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After while the database is away or locked (design rule 9); 500 for a surprise.

    Called by Django while it handles the exception.
    """
    error = sys.exception()
    if isinstance(error, (OperationalError, InterfaceError)):
        close_old_connections()
        response = _page("503.html", 503)
        response["Retry-After"] = "2"
        return response
    if isinstance(error, ValueError) and not str(request.META.get("CONTENT_LENGTH") or "0").isdecimal():
        return _page("400.html", 400)
    return _page("500.html", 500)


def _page(template: str, status: int) -> HttpResponse:
    # Without the request: its context processors would ask the database, which may be what is away.
    response = HttpResponse(render_to_string(template), status=status)
    response["Cache-Control"] = "no-store"
    return response
