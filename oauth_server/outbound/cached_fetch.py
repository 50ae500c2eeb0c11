"""Fetches that a browser's visit leads to, kept so that a crowd of visits costs the other side one request.

Anybody may open a page; so what a client registered (a request object's address, a logo) is asked for seldom, failures are
kept too, and few fetches are under way at once: the key sets that clients sign in with must still get through.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from django.core.cache import cache

from oauth_server.outbound import fetch
from oauth_server.outbound.fetch import Fetched, FetchError

_fetching: Final = threading.BoundedSemaphore(4)
_PATIENCE_SECONDS: Final = 2.0

_log = structlog.get_logger("gatehouse.outbound")


def get(
    url: str,
    purpose: str,
    *,
    accept: str,
    most_octets: int,
    seconds: float,
    keep: Callable[[Fetched | None], int],
) -> Fetched:
    """What stands at ``url``, fetched now or a while ago.

    Args:
        url: from a client's metadata.
        purpose: what it is for; two purposes share nothing.
        accept: the Accept header.
        most_octets: a longer body is an error.
        seconds: the deadline of a fetch.
        keep: for how many seconds an answer, or a failure (None), is good.

    Raises:
        FetchError: it cannot be had, or could not a moment ago.
    """
    key = f"fetched-{purpose}-{hashlib.sha256(url.encode()).hexdigest()}"
    kept = _read(key)
    if kept is None:
        kept = _fetch(url, accept, most_octets, seconds)
        _write(key, kept, keep(None if "failed" in kept else Fetched(**kept)))
    if "failed" in kept:
        raise FetchError(kept["failed"])
    return Fetched(**kept)


def _fetch(url: str, accept: str, most_octets: int, seconds: float) -> dict[str, Any]:
    if not _fetching.acquire(timeout=_PATIENCE_SECONDS):
        raise FetchError("Too many fetches are under way.")
    try:
        found = fetch.get(url, accept=accept, most_octets=most_octets, seconds=seconds)
    except FetchError as error:
        _log.warning("outbound:fetch:failed", url=url, why=str(error))
        return {"failed": str(error)}
    finally:
        _fetching.release()
    return {"body": found.body, "media_type": found.media_type}


def _read(key: str) -> dict[str, Any] | None:
    try:
        kept = cache.get(key)
    except Exception:  # a cache that is away is no reason to refuse a client (design rule 8)
        return None
    return kept if isinstance(kept, dict) else None


def _write(key: str, kept: dict[str, Any], seconds: int) -> None:
    try:
        cache.set(key, kept, seconds)
    except Exception:  # as above
        _log.warning("outbound:fetch:uncached", key=key)
