"""Clients by ``client_id``, kept in the memory of the process: no statement in the steady state.

A change anywhere moves the version called ``clients``; every process sees it within ``LIMITS.cache_seconds`` and reads again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeVar

from oauth_server.clients.client import RegisteredClient, from_row
from oauth_server.models import Client, freshness

# RFC 6749 appendix A.1: printable ASCII; the length is the column's. Anything else names nobody and costs no statement.
CLIENT_ID: Final = re.compile(r"[\x20-\x7e]{1,255}")

ValueT = TypeVar("ValueT")

_MOST_KNOWN: Final = 10_000
_MOST_UNKNOWN: Final = 10_000


@dataclass(slots=True)
class _Cache:
    """What was read at one version. Unknown names are kept apart, so that made-up ones cannot push out real clients."""

    version: int
    known: dict[str, RegisteredClient] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)


_cache = _Cache(version=-1)


def get(client_id: str) -> RegisteredClient | None:
    """The client called ``client_id``, at most a second old; None when there is none.

    A disabled client comes back with ``is_active`` False: callers say no, and may say why in the log.
    """
    global _cache  # noqa: PLW0603  # one cache for the process is the point
    if not CLIENT_ID.fullmatch(client_id):
        return None
    # The version is read before the row: a row may be newer than its version and is then read once more, never the reverse.
    version = freshness.version("clients")
    cache = _cache
    if cache.version != version:
        cache = _cache = _Cache(version)
    if (client := cache.known.get(client_id)) is not None:
        return client
    if client_id in cache.unknown:
        return None
    row = Client.objects.load(client_id)
    if row is None:
        _keep(cache.unknown, client_id, None, _MOST_UNKNOWN)
        return None
    client = from_row(row)
    _keep(cache.known, client_id, client, _MOST_KNOWN)
    return client


def forget() -> None:
    """Read again at the next question: after a change of our own, and between tests."""
    global _cache  # noqa: PLW0603  # as above
    _cache = _Cache(version=-1)
    freshness.forget()


def _keep(entries: dict[str, ValueT], name: str, value: ValueT, most: int) -> None:
    # Emptying at the bound costs a re-read now and then; evicting one by one would need a lock on the hot path.
    if len(entries) >= most:
        entries.clear()
    entries[name] = value
