"""Who sits at this browser? The one question that pages and the authorization endpoint ask."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from identity.look.choice import adopt
from identity.models import LoginSession, User
from identity.sessions.lives import ends_at, touch_is_due
from identity.sessions.store import digest
from identity.sessions.watch import lives_on

SID = "sid"


def _vouched_for(request: HttpRequest, user: User) -> bool:
    """Does the browser session still vouch for this person: active, same password, not somebody else?"""
    if not user.is_active or request.session.get(SESSION_KEY) != str(user.pk):
        return False
    if constant_time_compare(request.session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return True
    return request.user == user  # Django knows the former secret keys and renews the hash


def current(request: HttpRequest, now: datetime) -> LoginSession | None:
    """The live sign-in of this browser; the page speaks its person's language from then on.

    Not ended, not over, the person active, the password the same as at sign-in. One statement beyond Django's own read
    of the session (more when it is time to note that the sign-in is in use, or that it is used from elsewhere); ``request.user`` costs none afterwards.

    Args:
        request: its session and cookies.
        now: aware UTC.

    Returns:
        The sign-in with its ``user``, or None: then nobody is signed in here, whatever ``request.user`` says.
    """
    sid = request.session.get(SID)
    session = LoginSession.objects.find(sid, now) if sid else None
    if session is None or session.browser != digest(request.session.session_key or ""):
        return None
    if not _vouched_for(request, session.user) or not lives_on(request, session, now):
        return None
    request.user = session.user
    adopt(request, session.user)
    if touch_is_due(session.last_seen, now):
        session.last_seen = now
        session.expires = ends_at(session.auth_time, now)
        LoginSession.objects.touch(session.sid, last_seen=session.last_seen, expires=session.expires)
    return session
