"""Resource indicators (RFC 8707)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from oauth_server.protocol.errors import InvalidTarget


def choose(asked: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """The resources asked for, each of which must be allowed (RFC 8707 §2); empty when none was asked for.

    Raises:
        InvalidTarget: not an absolute URI, one with a fragment, or one that is not allowed here.
    """
    known = frozenset(allowed)
    chosen = tuple(dict.fromkeys(asked))
    for resource in chosen:
        try:
            parts = urlsplit(resource)
        except ValueError:
            raise InvalidTarget("A resource is not a URI.") from None
        if not parts.scheme or "#" in resource:
            raise InvalidTarget("A resource must be an absolute URI without a fragment.")
        if resource not in known:
            raise InvalidTarget("This client may not ask for tokens for that resource.")
    return chosen
