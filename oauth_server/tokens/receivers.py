"""What people do to their accounts, heard here: a disabled person's tokens die with the account."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from identity.models import User
from identity.signals import user_disabled
from oauth_server.tokens.revoke import revoke_for


@receiver(user_disabled, dispatch_uid="tokens-of-a-disabled-person")
def _disabled(sender: type[User], user: User, **kwargs: Any) -> None:
    """End every family: re-enabling the person must not bring old tokens back (scorecard R-06)."""
    del sender, kwargs
    revoke_for(timezone.now(), "person disabled", user=user.pk)
