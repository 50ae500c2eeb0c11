"""A sign-in ended: what was issued in it ends too (OpenID Connect Back-Channel Logout §2.7)."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from identity.signals import session_ended
from oauth_server.tokens.revoke import revoke_session


@receiver(session_ended, dispatch_uid="oauth_server.logout.end_tokens")
def end_tokens(sessions: list[str], reason: str, **_: Any) -> None:
    """Revoke every live family of these sign-ins, in the transaction that ended them.

    Args:
        sessions: the ``sid`` of each.
        reason: why they ended; kept with the families.
    """
    now = timezone.now()
    for sid in sessions:
        revoke_session(sid, now, reason)
