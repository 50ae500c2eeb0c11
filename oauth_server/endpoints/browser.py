"""Which browser began an interaction: a random cookie of its own, since most people have no session yet."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from oauth_server.keys import secrets

COOKIE: Final = f"{settings.COOKIE_PREFIX}gatehouse_browser"


def of(request: HttpRequest) -> str | None:
    """The browser's own value; None when it has none, or one that we never made."""
    value = request.COOKIES.get(COOKIE, "")
    return value if secrets.well_formed(value, "br") else None


def remember(response: HttpResponse, value: str) -> None:
    """Give the browser its value. It outlives no browser session: an interaction is shorter than that anyway."""
    response.set_cookie(COOKIE, value, path="/", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")
