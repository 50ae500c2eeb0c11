"""A person proves more in a sign-in that lives: a password again, a code, a passkey.

The browser's session gets a new key each time, as at every authentication (ASVS 7.2.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from identity.models import LoginSession
from identity.sessions.read import current
from identity.sign_in.assurance import Proof, proofs_of
from identity.signals import session_started


def note_reauthentication(request: HttpRequest, now: datetime) -> None:
    """Add what allauth has just noted as a re-authentication to the sign-in of this browser.

    Args:
        request: after the proof was accepted.
        now: aware UTC.
    """
    records = [one for one in get_authentication_records(request, request.user) if one.get("reauthenticated")]
    note(request, proofs_of(records[-1:]), now)


def note(request: HttpRequest, proofs: Iterable[Proof], now: datetime) -> None:
    """Add proofs to the sign-in of this browser, if there is one.

    Args:
        request: of the browser.
        proofs: that were just given.
        now: aware UTC.
    """
    session = current(request, now)
    if session is None or LoginSession.objects.add_proofs(session.sid, proofs) is None:
        return
    request.session.restart()  # type: ignore[attr-defined]  # our store
    session.refresh_from_db()
    session_started.send(sender=LoginSession, session=session, request=request, again=True)
