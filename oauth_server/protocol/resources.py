"""Resource indicators (RFC 8707)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from oauth_server.protocol.errors import InvalidTarget


def _never(_: str) -> bool:
    return False


def choose(asked: Iterable[str], allowed: Iterable[str], is_open: Callable[[str], bool] = _never) -> tuple[str, ...]:
    """The resources asked for, each of which must be allowed (RFC 8707 §2); empty when none was asked for.

    Args:
        asked: values of ``resource``.
        allowed: those that this client, or this grant, may have.
        is_open: whether any client may have one.

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
        if resource not in known and not is_open(resource):
            raise InvalidTarget("This client may not ask for tokens for that resource.")
    return chosen
