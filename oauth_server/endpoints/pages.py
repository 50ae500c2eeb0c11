"""The shell of the pages in the front channel: methods, caching, and errors turned into a page once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import close_old_connections
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from oauth_server.audit import context, metrics
from oauth_server.authorize.consent import name_of
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints.base import WrongMethod, as_oauth_error
from oauth_server.protocol import uris
from oauth_server.protocol.errors import OAuthError

Handler = Callable[..., HttpResponse]

_RETRY_AFTER: Final = "2"
# A registered list of hundreds must not make a header of many kilobytes.
_MOST_ORIGINS: Final = 20


def page(name: str, *methods: str) -> Callable[[Handler], Handler]:
    """Wrap a handler ``(request, now, …) -> HttpResponse`` in the shell.

    Args:
        name: for metrics.
        methods: the HTTP methods that it answers; any other is 405. Never HEAD: what previews a link must not get a code.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            started = time.perf_counter()
            try:
                response = _answer(handler, methods, request, *args, **kwargs)
            except (Http404, PermissionDenied, SuspiciousOperation):
                raise
            except Exception as exception:  # the one place where every error becomes a page
                error = as_oauth_error(exception)
                response = error_page(error)
                if error.status == 405:
                    response["Allow"] = ", ".join(methods)
                if error.status == 503:
                    close_old_connections()
            response["Cache-Control"] = "no-store"
            response["Pragma"] = "no-cache"
            # A client may run this in a popup and wait for word from its window: same-origin would cut the two apart.
            response["Cross-Origin-Opener-Policy"] = "unsafe-none"
            metrics.observe(name, response.status_code, time.perf_counter() - started)
            return response

        view.asks_who_is_there = True  # type: ignore[attr-defined]  # for identity.middleware.Looks, which need not ask again
        return view

    return decorate


def _answer(
    handler: Handler, methods: tuple[str, ...], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    if request.method not in methods:
        raise WrongMethod(f"This page answers {' and '.join(methods)}.")
    return handler(request, timezone.now(), *args, **kwargs)


def error_page(error: OAuthError, client: RegisteredClient | None = None) -> HttpResponse:
    """An error that is shown here (RFC 6749 §4.1.2.1): to a person, with what a developer needs in small print.

    Args:
        error: what went wrong.
        client: who asked, if that is known.
    """
    # Rendered without the request: a context processor that reads the person would fail again while the database is away.
    html = render_to_string(
        "authorize/error.html",
        {
            "error": error,
            "away": error.status == 503,
            "busy": error.status == 429,
            "client_name": name_of(client) if client else "",
            "request_id": context.current().request_id,
        },
    )
    response = HttpResponse(html, status=error.status)
    if error.status in {429, 503}:
        response["Retry-After"] = _RETRY_AFTER
    return response


def see_other(location: str) -> HttpResponse:
    """303: the next request is a GET, whatever this one was (RFC 9700 §4.12).

    Django's own redirects refuse private-use schemes and long addresses; the location here is ours or a registered one.
    """
    return HttpResponse(status=303, headers={"Location": location})


def form_sources(uris_allowed: Iterable[str]) -> list[str]:
    """CSP sources for the places that a form on the page may end up at.

    Chromium applies ``form-action`` to every redirect that follows a POST, so the client's addresses belong in it.
    """
    sources = dict.fromkeys(_source(uri) for uri in uris_allowed if uri and _is_one_source(uri))
    return list(sources)[:_MOST_ORIGINS]


def _is_one_source(uri: str) -> bool:
    """Whether the header keeps its meaning: of an address that was registered under looser rules, only the form stops working."""
    netloc = urlsplit(uri).netloc
    return not uri.startswith(("https://", "http://")) or uris.is_plain_authority(netloc)


def _source(uri: str) -> str:
    # CSP has no way to write an IPv6 address, so only its scheme can be allowed.
    return "http:" if urlsplit(uri).netloc.startswith("[") else uris.origin(uri)


def client_sources(client: RegisteredClient, redirect_uri: str) -> list[str]:
    """Where a form of an interaction may end up: the answer's address, and the client's others that it may lead on to."""
    home = client.metadata.get("client_uri")
    return form_sources([redirect_uri, *client.redirect_uris, home if isinstance(home, str) else ""])


def allow_forms_to(response: HttpResponse, sources: list[str]) -> HttpResponse:
    """Widen ``form-action`` of one page."""
    response._csp_update = {"form-action": sources}  # type: ignore[attr-defined]  # django-csp's protocol
    return response


def allow_frames_of(response: HttpResponse, addresses: Iterable[str]) -> HttpResponse:
    """Let one page show these addresses in frames, and no others; nothing changes without any."""
    if sources := list(dict.fromkeys(_source(address) for address in addresses)):
        response._csp_update = {"frame-src": sources}  # type: ignore[attr-defined]  # django-csp's protocol
    return response
