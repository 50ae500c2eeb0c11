"""How much of the database, and of the way out, the front channel gives to one stranger, or to one person with an application of their own."""

from __future__ import annotations

import uuid

from django.conf import settings

from identity.sign_in.throttle import HOUR, Guess, Limit, spend
from oauth_server.protocol.errors import TemporarilyUnavailable, TooManyRequests


def begin_interaction(address: str) -> None:
    """Count a request that is about to be stored while the person signs in.

    Args:
        address: of the browser; IPv6 counts by /64.

    Raises:
        TooManyRequests: the quota of the address is used up.
    """
    limit = Limit(("address",), settings.LIMITS.interactions_per_address, HOUR)
    if not spend(Guess("", address, purpose="interaction"), (limit,)):
        raise TooManyRequests("Too many sign-ins were begun from your network lately; try again in an hour.")


def read_by_reference(address: str) -> None:
    """Count a request whose parameters may have to be fetched, from wherever its client chose and as slowly as that answers.

    Args:
        address: of the browser; IPv6 counts by /64.

    Raises:
        TooManyRequests: the quota of the address is used up.
    """
    limit = Limit(("address",), settings.LIMITS.request_uris_per_address, HOUR)
    if not spend(Guess("", address, purpose="request_uri"), (limit,)):
        raise TooManyRequests(
            "Too many sign-ins were begun by request_uri from your network lately; try again in an hour."
        )


def answer(user: uuid.UUID) -> None:
    """Count an authorization response that is about to be stored.

    Raises:
        TemporarilyUnavailable: the quota of the person is used up; the client may hear it (RFC 6749 §4.1.2.1).
    """
    limit = Limit(("account",), settings.LIMITS.codes_per_person, HOUR)
    if not spend(Guess(str(user), "", purpose="code"), (limit,)):
        raise TemporarilyUnavailable("This person was sent to applications too often lately; try again in an hour.")
