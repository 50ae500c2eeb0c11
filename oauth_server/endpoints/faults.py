"""What any page answers when it could not do what was asked: Django's handlers, its CSRF view, and 405.

A browser gets a page that says what to do; a machine, which prefers JSON, gets problem details (RFC 9457). Of 400 and 500
Django's own handlers read the form again, to judge its CSRF token; where the form itself is the fault that fails once more, and
the server's last word is a bare 500. These two read nothing of the request but its headers.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from oauth_server.audit.events import ServerFailed
from oauth_server.audit.record import record_later
from oauth_server.endpoints.base import json_response

# In this order: a caller that takes everything (``*/*``), as the tools of developers say by default, gets the page.
_KINDS: Final = ("text/html", "application/json", "application/problem+json")
_MINUTE: Final = "60"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for what Django calls a ``BadRequest`` or a ``SuspiciousOperation``."""
    del exception
    return _without_request(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: somebody is known, and may not."""
    del exception
    return _answer(request, "403.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    del exception
    return _answer(request, "404.html", 404)


def wrong_method(request: HttpRequest, response: HttpResponseNotAllowed) -> HttpResponse:
    """405 (RFC 9110 §15.5.6): an address that takes what a form sends, typed or reloaded.

    Args:
        request: who asks.
        response: Django's, which is empty but for the methods that would do.
    """
    told = _answer(request, "405.html", 405)
    response.content = told.content
    for name, value in told.items():
        response[name] = value
    return response


def too_often(request: HttpRequest) -> HttpResponse:
    """429 for a limit of django-allauth's; ours say so on the page where they bind."""
    response = _answer(request, "429.html", 429)
    response["Retry-After"] = _MINUTE
    return response


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its CSRF token: the way back is the page that it stands on, if that was one of ours."""
    del reason
    page = request.META.get("HTTP_REFERER", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return _answer(request, "403_csrf.html", 403, page=page if ours else "")


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After while the database is away or locked (design rule 9); 500 for a surprise.

    Called by Django while it handles the exception.
    """
    error = sys.exception()
    if isinstance(error, (OperationalError, InterfaceError)):
        close_old_connections()
        response = _without_request(request, "503.html", 503)
        response["Retry-After"] = "2"
        return response
    if isinstance(error, ValueError) and not str(request.META.get("CONTENT_LENGTH") or "0").isdecimal():
        return _without_request(request, "400.html", 400)
    record_later(ServerFailed(error="server_error", detail=type(error).__name__))
    return _without_request(request, "500.html", 500)


def _without_request(request: HttpRequest, template: str, status: int) -> HttpResponse:
    # The context processors would ask the database, which may be what is away.
    return _problem(request, status) or _page(render_to_string(template), status)


def _answer(request: HttpRequest, template: str, status: int, **facts: str) -> HttpResponse:
    return _problem(request, status) or _page(render_to_string(template, facts, request), status)


def _problem(request: HttpRequest, status: int) -> HttpResponse | None:
    if request.get_preferred_type(_KINDS) in {None, "text/html"}:
        return None
    response = json_response({"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}, status)
    response["Content-Type"] = "application/problem+json"
    return _kept_by_nobody(response)


def _page(html: str, status: int) -> HttpResponse:
    return _kept_by_nobody(HttpResponse(html, status=status))


def _kept_by_nobody(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response
