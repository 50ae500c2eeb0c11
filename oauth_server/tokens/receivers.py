"""What people do to their accounts, heard here: tokens die with the account, and so do the clients that its person owned."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from identity.models import User
from identity.signals import deletion_requested, person_erased, person_leaves, user_disabled
from oauth_server.clients import registry
from oauth_server.models import Client
from oauth_server.models.personal import clients_changed
from oauth_server.tokens.revoke import revoke_for
from oauth_server.tokens.standing import disable_client


@receiver(user_disabled, dispatch_uid="tokens-of-a-disabled-person")
def _disabled(sender: type[User], user: User, **kwargs: Any) -> None:
    """End every family: re-enabling the person must not bring old tokens back (scorecard R-06)."""
    del sender, kwargs
    revoke_for(timezone.now(), "person disabled", user=user.pk)


@receiver(deletion_requested, dispatch_uid="tokens-of-a-person-who-leaves")
def _to_be_deleted(user: User, **_: Any) -> None:
    """End every family, offline access too: nobody may act for a person who is gone."""
    revoke_for(timezone.now(), "deletion requested", user=user.pk)


@receiver(person_leaves, dispatch_uid="clients-of-a-person-who-leaves")
def _leaves(user: User, **_: Any) -> None:
    """Turn away the clients that the person owned, before their rows go one batch after another."""
    for client in Client.objects.of_developer(user):
        disable_client(client.client_id, timezone.now())


@receiver(person_erased, dispatch_uid="clients-of-a-person-who-is-gone")
def _erased(**_: Any) -> None:
    clients_changed()
    registry.forget()
