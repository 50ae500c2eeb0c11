"""The first use of a client that registered itself: it stays. One statement in its life, none in the steady state."""

from __future__ import annotations

from typing import Final

from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Registration

_MOST: Final = 10_000
# What this process has written down, until its cache reads the client again: the change is worth no new version of all clients.
_noted: set[str] = set()


def note(client: RegisteredClient) -> None:
    """Call it when a client was given something, after the transaction."""
    if not client.is_unused or client.client_id in _noted:
        return
    Registration.objects.used(client.pk)
    if len(_noted) >= _MOST:
        _noted.clear()
    _noted.add(client.client_id)
