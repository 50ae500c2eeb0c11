"""Patterns that a stolen refresh token leaves, found in what a refresh reads anyway (RFC 9700 §4.14). Pure.

A client that refreshes when it has to, about once in an access token's life, leaves no trail: what it counted before is forgotten.
One that is in a hurry hands on, from each generation to the next, how often it was and from where; so the count is exact whatever
process answers, and costs no statement and no question to a cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from identity.sessions.roaming import Roaming, Tally, network_of
from oauth_server.models.standing import PresentedRefreshToken
from oauth_server.settings.features import Rate

BURST = "burst"
MOVED = "moved"


class Rules(NamedTuple):
    """What is too much, as the operator says.

    Attributes:
        burst: refreshes of a grant.
        changes: changes of the network that it is refreshed from.
        prefixes: how many leading bits of an address make a network, of IPv4 and of IPv6.
        lifetime: of an access token, in seconds.
    """

    burst: Rate
    changes: Rate
    prefixes: tuple[int, int]
    lifetime: int


class Finding(NamedTuple):
    """What a refresh leaves behind: the trail for the next generation, and the patterns that it completes."""

    trail: list[Any] | None = None
    patterns: tuple[str, ...] = ()
    changes: int = 0


_NOTHING = Finding()


def look(token: PresentedRefreshToken, address: str | None, rules: Rules, now: datetime) -> Finding:
    """Look at a refresh that is otherwise right. A pattern is found once in the stretch of time that it is counted over.

    Args:
        token: that is about to be used.
        address: where the request came from.
        rules: the operator's.
        now: the moment of the request.
    """
    if now - token.created >= timedelta(seconds=rules.lifetime / 2):
        return _NOTHING
    at = int(now.timestamp())
    before, hurries = _read(token.trail)
    if token.trail is None:
        before = before.used_from(network_of(token.ip_address, rules.prefixes), at, 0)
    after = before.used_from(network_of(address, rules.prefixes), at, rules.changes.seconds)
    hurries = hurries.once_more(at, rules.burst.seconds)
    patterns = []
    if rules.burst.is_first_beyond(hurries.times):
        patterns.append(BURST)
    if after.changes != before.changes and rules.changes.is_first_beyond(after.changes.times):
        patterns.append(MOVED)
    return Finding([*after.to_json(), *hurries], tuple(patterns), after.changes.times)


def _read(trail: Sequence[Any] | None) -> tuple[Roaming, Tally]:
    return (Roaming.from_json(trail), Tally(*trail[4:])) if trail else (Roaming(), Tally())
