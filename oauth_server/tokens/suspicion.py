"""Patterns that a stolen refresh token leaves, found in what a refresh reads anyway: no statement of its own (RFC 9700 §4.14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from oauth_server.audit.events import Event, FamilyMoved, RefreshBurst
from oauth_server.clients.client import RegisteredClient
from oauth_server.models.standing import PresentedRefreshToken, Standing

# A client refreshes about once in an access token's life. A family that did so this many times, ten times as often as it
# needed to, is driven by something else; it is told once for as many refreshes again.
_MANY: Final = 20
_OFTEN: Final = 10


def suspicions(
    token: PresentedRefreshToken, client: RegisteredClient, address: str | None, lifetime: int, now: datetime
) -> Iterator[Event]:
    """What an operator should hear about a refresh that was otherwise right.

    Args:
        token: that is about to be used.
        client: whose it is.
        address: where the request came from.
        lifetime: of an access token, in seconds.
        now: the moment of the request.
    """
    family = token.family
    if token.ip_address and address and token.ip_address != address:
        yield FamilyMoved(previous=token.ip_address, **_whose(family, client))
    refreshes = token.generation + 1
    if refreshes % _MANY == 0 and now - family.created < timedelta(seconds=refreshes * lifetime / _OFTEN):
        yield RefreshBurst(generation=refreshes, **_whose(family, client))


def _whose(family: Standing, client: RegisteredClient) -> dict[str, str]:
    return {"client_id": client.client_id, "user": str(family.user_id), "family": str(family.family)}
