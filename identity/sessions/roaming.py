"""Does an address change more often than it does for somebody who moves about? Pure.

An address alone says little: a telephone has another one each time it leaves the house, and a provider may give one line many. So
networks are compared and not addresses, IPv4 and IPv6 each with themselves (whoever has both uses now the one, now the other), and
only many changes in a short time are counted as too many.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self


@lru_cache(maxsize=4_096)
def network_of(address: str | None, prefixes: tuple[int, int]) -> str:
    """The network that an address belongs to; empty for none, or for what is no address.

    Args:
        address: as the request came from it.
        prefixes: how many leading bits make a network, of IPv4 and of IPv6.
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(ipaddress.ip_network((found, prefixes[found.version == 6]), strict=False))


class Tally(NamedTuple):
    """How often something happened since the first time of a stretch; ``since`` in seconds since 1970."""

    since: int = 0
    times: int = 0

    def once_more(self, at: int, seconds: int) -> Tally:
        """After it happened at a moment; a stretch that is older than that many seconds is over, and another begins."""
        return Tally(self.since, self.times + 1) if at - self.since < seconds else Tally(at, 1)


class Roaming(NamedTuple):
    """The networks that something was last used from, and how often they changed lately."""

    ipv4: str = ""
    ipv6: str = ""
    changes: Tally = Tally()

    @classmethod
    def from_json(cls, stored: Sequence[Any] | None) -> Self:
        """What was stored; nothing is known of where nothing was."""
        return cls(stored[0], stored[1], Tally(stored[2], stored[3])) if stored else cls()

    def to_json(self) -> list[Any]:
        """What is stored."""
        return [self.ipv4, self.ipv6, *self.changes]

    def knows(self, network: str) -> bool:
        """Whether a use from there changes nothing."""
        return network in {"", self.ipv4, self.ipv6}

    def used_from(self, network: str, at: int, seconds: int) -> Roaming:
        """After a use from a network; the first one of its kind is no change.

        Args:
            network: of ``network_of``.
            at: the moment, in seconds since 1970.
            seconds: of a stretch in which changes are counted together.
        """
        if self.knows(network):
            return self
        is_ipv6 = ":" in network
        before = self.ipv6 if is_ipv6 else self.ipv4
        moved = self._replace(ipv6=network) if is_ipv6 else self._replace(ipv4=network)
        return moved._replace(changes=self.changes.once_more(at, seconds)) if before else moved
