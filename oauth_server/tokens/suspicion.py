"""Patterns that a stolen refresh token leaves, found in what a refresh reads anyway: no statement of its own (RFC 9700 §4.14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from oauth_server.audit.events import Event, FamilyMoved, RefreshBurst
from oauth_server.models import RefreshToken
from oauth_server.models.standing import Standing

# A client refreshes about once in an access token's life. A family that did so this many times, ten times as often as it
# needed to, is driven by something else; it is told once for as many refreshes again.
_MANY: Final = 20
_OFTEN: Final = 10


def suspicions(
    family: Standing, spent: RefreshToken, address: str | None, lifetime: int, now: datetime
) -> Iterator[Event]:
    """What an operator should hear about a refresh that was otherwise right.

    Args:
        family: of the token.
        spent: the token that was just used.
        address: where the request came from.
        lifetime: of an access token, in seconds.
        now: the moment of the request.
    """
    who = {"user": str(family.user_id), "family": str(family.family)}
    if spent.ip_address and address and spent.ip_address != address:
        yield FamilyMoved(previous=spent.ip_address, **who)
    refreshes = spent.generation + 1
    if refreshes % _MANY == 0 and now - family.created < timedelta(seconds=refreshes * lifetime / _OFTEN):
        yield RefreshBurst(generation=refreshes, **who)
