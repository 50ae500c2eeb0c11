"""How many clients may be registered by nobody in particular: per address, and in all, each hour."""

from __future__ import annotations

from django.conf import settings

from identity.sign_in.throttle import HOUR, Guess, Limit, spend
from oauth_server.protocol.errors import TooManyRequests


def take_one(address: str) -> None:
    """Count a registration that is about to be judged.

    Args:
        address: of the caller; IPv6 counts by /64.

    Raises:
        TooManyRequests: the quota of the address, or of everybody, is used up.
    """
    limits = (
        Limit(("address",), settings.LIMITS.registrations_per_address, HOUR),
        Limit((), settings.LIMITS.registrations, HOUR),
    )
    if not spend(Guess("", address, purpose="registration"), limits):
        raise TooManyRequests("Too many clients were registered lately; try again in an hour.")
