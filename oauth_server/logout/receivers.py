"""A sign-in ended, by whatever cause: what was issued in it ends too, and who took part in it is told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone

from identity.models import User
from identity.signals import person_leaves, session_ended
from oauth_server.logout.back_channel import tell_everybody, tell_participants
from oauth_server.tokens.revoke import revoke_session


@receiver(session_ended, dispatch_uid="oauth_server.logout.end_tokens")
def end_tokens(sessions: list[str], user: User, reason: str, **_: Any) -> None:
    """Revoke every live family of these sign-ins, in the transaction that ended them (Back-Channel Logout §2.7).

    Args:
        sessions: the ``sid`` of each.
        user: whose they were.
        reason: why they ended; kept with the families.
    """
    now = timezone.now()
    for sid in sessions:
        revoke_session(sid, user.pk, now, reason)


def tell(sessions: list[str], user: User, **_: Any) -> None:
    """Write down, in the same transaction, that the clients are to be told (Back-Channel Logout §2.5).

    Args:
        sessions: the ``sid`` of each.
        user: whose they were.
    """
    tell_participants(sessions, user.pk, timezone.now())


def tell_all(user: User, **_: Any) -> None:
    """Write down that every client that knew a person is to be told that they are gone, in the transaction of that fact."""
    tell_everybody(user.pk, timezone.now())


if settings.FEATURES.backchannel_logout:
    session_ended.connect(tell, dispatch_uid="oauth_server.logout.tell")
    person_leaves.connect(tell_all, dispatch_uid="oauth_server.logout.tell_all")
