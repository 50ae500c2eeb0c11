"""The cookie that the script of the check-session frame reads (OpenID Connect Session Management 1.0 §3.2, §4.2)."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from identity.sessions.read import SID
from oauth_server.logout import session_state

COOKIE: Final = f"{settings.COOKIE_PREFIX}gatehouse_session_state"


def of(request: HttpRequest) -> str | None:
    """The state that this browser's cookie has, or will have once the answer is there; None when nobody asks for it."""
    if not settings.FEATURES.session_management:
        return None
    return session_state.browser_state(request.session.get(SID, ""))


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write, change or take away the cookie, if it is not what it should be.

    Args:
        request: after the page has run; its session says who is signed in now.
        response: what goes out.
    """
    state, held = session_state.browser_state(request.session.get(SID, "")), request.COOKIES.get(COOKIE, "")
    if state == held:
        return
    if state:
        # Read by script, and in a frame of another site: that is its purpose. It opens nothing.
        response.set_cookie(
            COOKIE,
            state,
            max_age=settings.SESSION_COOKIE_AGE,
            path="/",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=False,
            samesite="None" if settings.SESSION_COOKIE_SECURE else "Lax",
        )
    elif settings.SESSION_COOKIE_NAME in request.COOKIES:
        # In a frame of another site this cookie comes without that of the session: there it must not be taken for signed out.
        response.delete_cookie(COOKIE, path="/", samesite="None" if settings.SESSION_COOKIE_SECURE else "Lax")
