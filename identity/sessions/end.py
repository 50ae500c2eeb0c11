"""A sign-in ends: marked, its browser session forgotten, and everybody who holds something bound to it told.

The reasons (``end_reason``): ``signed_out``, ``signed_out_elsewhere``, ``replaced`` (another person signed in on the same
browser), ``password_changed``, ``user_disabled``, ``signed_out_upstream`` (by a provider's logout token), ``suspicious``; callers above
may add their own.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from identity.models import BrowserSession, LoginSession, TrustedBrowser, User
from identity.signals import session_ended

# Ends that say nothing against the browser in which they happened. Whoever is signed out from elsewhere is trusted no more.
_INNOCENT = frozenset({"signed_out", "replaced", "signed_out_upstream"})


def _finish(sessions: list[LoginSession], user: User, now: datetime, reason: str) -> list[str]:
    with transaction.atomic():
        ended = [session for session in sessions if LoginSession.objects.end(session.sid, now, reason)]
        BrowserSession.objects.forget([session.browser for session in ended if session.browser])
        sids = [session.sid for session in ended]
        if sids and reason not in _INNOCENT:
            TrustedBrowser.objects.forget_of(sids)
        if sids:
            # In the transaction: a sign-in must not be over while the tokens bound to it live on because a receiver failed.
            session_ended.send(sender=LoginSession, sessions=sids, user=user, reason=reason)
    return sids


def end(session: LoginSession, now: datetime, reason: str) -> bool:
    """End one sign-in.

    The cookie of its browser is dead with it. A caller that ends the sign-in of its own request calls
    ``django.contrib.auth.logout(request)`` afterwards, so that the answer takes the cookie away.

    Args:
        session: the sign-in.
        now: aware UTC.
        reason: one of the words above.

    Returns:
        False when it had ended before; ``session_ended`` was then not sent again.
    """
    return bool(_finish([session], session.user, now, reason))


def end_all(user: User, now: datetime, reason: str, except_sid: str | None = None) -> list[str]:
    """End every sign-in of a person, but one if asked; the ``sid`` of each that ended. Their browsers are trusted no more."""
    TrustedBrowser.objects.forget_all(user, except_sid)
    return _finish(LoginSession.objects.unended(user, except_sid), user, now, reason)
