"""A person signed in: the sign-in gets its row, its ``sid`` and a fresh key for the browser's session."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from identity.federation import waiting as upstream
from identity.models import LoginSession, User
from identity.sessions.end import end
from identity.sessions.lives import ends_at
from identity.sessions.read import SID
from identity.sessions.roaming import Roaming
from identity.sessions.store import digest
from identity.sessions.watch import here
from identity.sign_in.assurance import Proof, merged, proofs_of
from identity.signals import session_started


def _former(request: HttpRequest) -> list[LoginSession]:
    """The sign-ins that this browser carried until now.

    By the cookie, since Django has already flushed the session when another person takes the browser over.
    """
    keys = [request.COOKIES.get(settings.SESSION_COOKIE_NAME), request.session.session_key]
    return LoginSession.objects.of_browser([digest(key) for key in keys if key], request.session.get(SID))


def _done_now(request: HttpRequest, user: User, former: LoginSession | None, now: datetime) -> tuple[Proof, ...]:
    """What this sign-in proves: what allauth noted since the former one, and what of that one was asked to be kept."""
    kept: tuple[Proof, ...] = getattr(request, "kept_proofs", ())
    since = max(proof.at for proof in former.given) if former else 0.0
    records = get_authentication_records(request, user)
    news = proofs_of(one for one in records if one.get("at", 0.0) > since and not one.get("reauthenticated"))
    return merged((*kept, *news)) or (Proof("other", now.timestamp(), ()),)


def start(request: HttpRequest, user: User, now: datetime) -> LoginSession:
    """Begin a sign-in, or renew it when the same person proves again who they are in the same browser.

    The same person keeps the ``sid`` and gets newer proofs; another person ends the former sign-in and gets a
    new ``sid``, so that nothing bound to the first can pass to the second. Where it came from, if from a provider elsewhere, is noted
    with it.

    Args:
        request: after Django's ``login``; the methods are read from what allauth recorded.
        user: who signed in.
        now: aware UTC.
    """
    former = _former(request)
    request.session.restart()  # type: ignore[attr-defined]  # our store; Django keeps the key when the same person returns
    session = next((one for one in former if one.user_id == user.pk and one.expires > now), None)
    for other in former:
        if other is not session:
            end(other, now, "replaced")
    again = session is not None
    proofs = _done_now(request, user, session, now)
    came = upstream.take(request, user)
    session = session or LoginSession(
        sid=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)), user=user, created=now
    )
    session.browser = digest(request.session.session_key or "")
    session.prove(proofs)
    session.user_agent = request.META.get("HTTP_USER_AGENT", "")[:300]
    session.ip_address = request.META.get("REMOTE_ADDR") or None
    session.whereabouts = Roaming().used_from(here(request), 0, 0).to_json()
    session.last_seen = now
    session.expires = ends_at(session.auth_time, now)
    session.save()
    if came:
        upstream.remember_origin(session, came)
    request.session[SID] = session.sid
    session_started.send(sender=LoginSession, session=session, request=request, again=again)
    return session


@receiver(user_logged_in, dispatch_uid="identity.sessions.start")
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    start(request, user, timezone.now())


@receiver(user_logged_out, dispatch_uid="identity.sessions.end")
def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    for session in LoginSession.objects.of_browser([], request.session.get(SID)):
        if user is None or session.user_id == user.pk:
            end(session, timezone.now(), "signed_out")
