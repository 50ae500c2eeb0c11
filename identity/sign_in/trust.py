"""Trust in a browser: its owner is not asked for the second step there for a while.

It is no proof: a sign-in without the second step is worth one factor, whoever asks for more gets the question asked, and a change
of the account wants the second step itself. A password alone opens the account only in a browser whose owner gave both before.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from identity.models import LoginSession, TrustedBrowser, User
from identity.sessions.read import SID
from identity.sessions.store import digest
from identity.signals import account_changed, session_started

AT_MOST: Final = 5  # people who share a browser


def _name() -> str:
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}gatehouse_trust"


def _life() -> timedelta:
    return timedelta(seconds=settings.LIFETIMES.trusted_browser)


def days() -> int:
    """How long a browser is trusted; 0 where none is."""
    return int(_life().days or bool(_life()))


def _carried(request: HttpRequest) -> list[str]:
    return [one for one in request.COOKIES.get(_name(), "").split(".") if one][:AT_MOST]


def _digest(secret: str, user: User) -> str:
    # With the password: however it is changed, by whatever command, nothing that was trusted before is found any more.
    return digest(f"{secret} {user.get_session_auth_hash()}")


def digests_of(request: HttpRequest, user: User) -> set[str]:
    """By which this browser may be known to a person."""
    return {_digest(one, user) for one in _carried(request)}


def trusted(request: HttpRequest, user: User, now: datetime) -> TrustedBrowser | None:
    """The person's trust in this browser, if they gave it and did not take it back. No statement for a browser without a cookie."""
    carried = digests_of(request, user)
    return TrustedBrowser.objects.find(user, carried, now, now - _life()) if carried and _life() else None


def of_person(user: User, now: datetime) -> list[TrustedBrowser]:
    """All that a person trusts."""
    return TrustedBrowser.objects.of_person(user, now, now - _life())


def remember(request: HttpRequest, response: HttpResponseBase, user: User, now: datetime) -> None:
    """Trust this browser from now on, with a secret that it did not have before: a cookie that somebody planted gains nothing.

    Args:
        request: of somebody who has just signed in with a second step.
        response: takes the cookie.
        user: who.
        now: aware UTC.
    """
    if not _life():
        return
    TrustedBrowser.objects.forget_digests(user, digests_of(request, user))
    secret = secrets.token_urlsafe(32)
    TrustedBrowser.objects.create(
        user=user,
        digest=_digest(secret, user),
        sid=request.session.get(SID, ""),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:300],
        ip_address=request.META.get("REMOTE_ADDR") or None,
        created=now,
        last_used=now,
        expires=now + _life(),
    )
    response.set_cookie(
        _name(),
        ".".join([secret, *_carried(request)][:AT_MOST]),
        max_age=_life(),
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    account_changed.send(sender=User, user=user, fact="account:browser:trusted", request=request)


def take_back(request: HttpRequest, user: User, pk: int) -> bool:
    """Ask for the second step again in one of a person's browsers; False when it was asked for already."""
    forgotten = TrustedBrowser.objects.forget(user, pk)
    if forgotten:
        account_changed.send(sender=User, user=user, fact="account:browser:forgotten", request=request)
    return forgotten


@receiver(session_started, dispatch_uid="identity.trusted_browser")
def _used(session: LoginSession, request: HttpRequest, **_: Any) -> None:
    browser = getattr(request, "trusted_browser", None)
    if isinstance(browser, TrustedBrowser):
        TrustedBrowser.objects.note_use(browser, session.sid, timezone.now())
