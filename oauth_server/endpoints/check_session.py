"""The check-session frame (OpenID Connect Session Management 1.0 §3.2): the same page for everybody, any site may frame it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.browser_state import COOKIE
from oauth_server.endpoints.caching import cacheable

# One script of ours and nothing else: it asks no server, it only compares and answers the page around it.
_POLICY: Final = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _printed() -> tuple[bytes, str]:
    octets = render_to_string("logout/check_session.html", {"cookie": COOKIE}).encode()
    return octets, f'"{hashlib.sha256(octets).hexdigest()[:32]}"'


@protocol_endpoint("check_session", "GET", "HEAD", cacheable=True)
def check_session(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """The frame. It needs no session: the cookie is read in the browser."""
    octets, etag = _printed()
    # Revalidated each time: the script's name changes with every version, and the former one is gone.
    response = cacheable(request, octets, etag, "text/html; charset=utf-8", 0)
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
