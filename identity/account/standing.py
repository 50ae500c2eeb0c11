"""May this person be here? Disabling ends everything at once; enabling lets them sign in anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from identity.models import User
from identity.sessions.end import end_all
from identity.signals import user_disabled, user_enabled

REASON = "user_disabled"


def follow_up(user: User, now: datetime) -> None:
    """Act on a change of ``is_active`` that was just saved, whoever saved it: a command, the admin site, a script."""
    before, user.was_active = user.was_active, user.is_active
    if before and not user.is_active:
        end_all(user, now, REASON)
        user_disabled.send(sender=User, user=user, reason=REASON)
    elif before is False and user.is_active:
        # A sign-in that was half way when the person was disabled may have been written after the others had ended.
        end_all(user, now, REASON)
        user_enabled.send(sender=User, user=user)


def set_active(user: User, *, active: bool) -> bool:
    """Enable or disable a person; False when they were so already.

    In one transaction with the end of their sessions and whatever listens to ``user_disabled``: either all of it holds or
    none.
    """
    if user.is_active == active:
        return False
    user.was_active, user.is_active = user.is_active, active
    with transaction.atomic():
        user.save(update_fields=["is_active", "updated_at"])
    return True
