"""Where a browser goes once its person has signed out here; asked through settings.AFTER_SIGN_OUT, since nothing here knows the server."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string

from identity.federation.sign_out import there_too
from identity.sessions.read import SID


def afterwards(request: HttpRequest, now: datetime) -> str:
    """The address; asked before the sign-in ends, while it is still known which one it is.

    Args:
        request: of the browser that signs out.
        now: aware UTC.
    """
    hook = getattr(settings, "AFTER_SIGN_OUT", "")
    address: str = (import_string(hook)(request) if hook else "") or resolve_url(settings.LOGOUT_REDIRECT_URL)
    return there_too(request.session.get(SID, ""), address, now)
