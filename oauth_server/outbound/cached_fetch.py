"""Fetches that a browser's visit leads to, kept so that a crowd of visits costs the other side one request.

Anybody may open a page; so what a client registered (a request object's address, a logo) is asked for seldom, failures are
kept too, and few fetches are under way at once: the key sets that clients sign in with must still get through. Of one host there is
one at a time, so that a host that answers slowly on purpose keeps nobody but itself waiting.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.core.cache import cache

from oauth_server.outbound import fetch
from oauth_server.outbound.fetch import Fetched, FetchError

_MOST_AT_ONCE: Final = 4
_under_way: Final[set[str]] = set()
_turns: Final = threading.Condition()
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
    with _a_turn(_host(url)):
        try:
            found = fetch.get(url, accept=accept, most_octets=most_octets, seconds=seconds)
        except FetchError as error:
            _log.warning("outbound:fetch:failed", url=url, why=str(error))
            return {"failed": str(error)}
    return {"body": found.body, "media_type": found.media_type}


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # the fetch says what is wrong with it
        return ""


@contextmanager
def _a_turn(host: str) -> Iterator[None]:
    """Wait until nothing else of this host is under way, and little of others."""
    with _turns:
        if not _turns.wait_for(
            lambda: host not in _under_way and len(_under_way) < _MOST_AT_ONCE, timeout=_PATIENCE_SECONDS
        ):
            raise FetchError("Too many fetches are under way.")
        _under_way.add(host)
    try:
        yield
    finally:
        with _turns:
            _under_way.discard(host)
            _turns.notify_all()


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
