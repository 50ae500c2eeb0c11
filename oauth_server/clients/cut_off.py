"""Tokens of a client that nobody can list: a JWT of the client credentials grant has no row, so a moment ends them all."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from oauth_server.clients import registry
from oauth_server.models import Client, StateVersion


def cut_off(client_id: str, now: datetime) -> None:
    """Let no token count that the client was given before ``now``; every process knows it within a second.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        row = Client.objects.lock(client_id)
        if row is None:
            raise LookupError(client_id)
        row.tokens_not_before = now
        row.save(update_fields=["tokens_not_before", "updated"])
        StateVersion.objects.bump("clients")
    registry.forget()
