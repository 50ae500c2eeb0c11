"""Limits on guessing passwords: per account and address, per address, per account.

A guess is counted before it is judged and given back when it was right, so that parallel guesses cannot slip through
between looking and counting. The counters live in the cache; when that is away, in this process.

A browser that this person has signed in with before (``device``) has a limit of its own instead: else anybody could lock
a person out by guessing badly on purpose.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger(__name__)

HOUR: Final = 3_600
_here: Final[BaseCache] = LocMemCache("identity.throttle", {"OPTIONS": {"MAX_ENTRIES": 100_000}})


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``amount`` wrong guesses in ``seconds`` for each value of ``per``."""

    per: tuple[str, ...]
    amount: int
    seconds: int


# In the order that they are asked; the one that bounds what a single address can add to the counters is first.
LIMITS: Final = (
    Limit(("address",), 100, HOUR),
    Limit(("account", "address"), 10, HOUR),
    Limit(("account",), 100, HOUR),
    Limit(("account", "device"), 10, HOUR),
)
# Of whom is meant, by whatever name: what is typed has counted for its address already.
ACCOUNT_LIMITS: Final = tuple(limit for limit in LIMITS if "account" in limit.per)


@dataclass(frozen=True, slots=True)
class Guess:
    """Who is guessed, from where, and in which browser; ``purpose`` keeps what else is counted here apart.

    ``account`` is what was typed: a limit that only known accounts have would tell them apart. Whom it means is counted
    too, as a guess with a purpose of its own, and its limit is silent.
    """

    account: str
    address: str
    device: str = ""
    purpose: str = "guess"

    def part(self, name: str) -> str:
        """One coordinate. IPv6 counts by /64: whoever has one address there has all of them."""
        if name == "account":
            return self.account.strip().casefold()
        if name == "device":
            return self.device
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return self.address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(getattr(address, "ipv4_mapped", None) or address)


def _key(limit: Limit, guess: Guess) -> str:
    parts = "\0".join(guess.part(name) for name in limit.per)
    return f"{guess.purpose}:{'+'.join(limit.per)}:{limit.seconds}:{hashlib.sha256(parts.encode()).hexdigest()}"


def _applies(limit: Limit, guess: Guess) -> bool:
    return ("device" in limit.per) == bool(guess.device)


def _count(key: str, by: int, seconds: int) -> int:
    for cache in (caches["default"], _here):
        try:
            cache.add(key, 0, seconds)
            return cache.incr(key, by)
        except ValueError:  # it ran out between the two
            cache.set(key, max(by, 0), seconds)
            return max(by, 0)
        except Exception:  # whatever a cache raises when it is away
            logger.warning("The cache is away; guesses are counted in this process.")
    return 0


def spend(guess: Guess, limits: Sequence[Limit] = LIMITS) -> bool:
    """Count a guess that is about to be judged; False when one of the limits is used up: then do not judge it.

    A limit that is used up ends the counting. Else an address that is refused already could make up names until the cache,
    which has an end, drops the counters of others.
    """
    if not settings.THROTTLES:
        return True
    return all(
        _count(_key(limit, guess), 1, limit.seconds) <= limit.amount for limit in limits if _applies(limit, guess)
    )


def give_back(guess: Guess, limits: Sequence[Limit] = LIMITS) -> None:
    """The guess was right. Earlier wrong ones stay counted: an attacker's own sign-in must not wipe the slate."""
    if settings.THROTTLES:
        for limit in limits:
            if _applies(limit, guess):
                _count(_key(limit, guess), -1, limit.seconds)
