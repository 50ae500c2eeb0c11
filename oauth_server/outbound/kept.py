"""Documents of others that we go on needing: key sets, discovery documents. Kept in the process and in the shared cache.

A document is fetched again when it is old, or when it lacks what somebody looks for: whoever changes their keys is understood two
seconds later, and an address is asked at most five times a minute whatever anybody says, or once a minute while it fails.
While the address does not answer, the last good document goes on, for a day: an outage elsewhere must not end the service here,
and a key that was withdrawn must not live for ever.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import structlog
from django.core.cache import cache

from oauth_server.jose.errors import JoseError
from oauth_server.outbound import fetch

FRESH_SECONDS: Final = 600
RETRY_SECONDS: Final = 60
AGAIN_SECONDS: Final = 2
MOST_A_MINUTE: Final = 5
STALE_SECONDS: Final = 86_400
_MOST: Final = 1_000

T = TypeVar("T")

_log = structlog.get_logger("gatehouse.outbound")


@dataclass(slots=True)
class _Entry(Generic[T]):
    """One address.

    Attributes:
        value: the last good document; the empty one when there never was any.
        fetched: when it came, seconds since 1970; 0 for never.
        tried: when it was asked for in the last minute.
        answered: set once the first try is over, whatever came of it.
    """

    value: T
    fetched: float = 0
    tried: tuple[float, ...] = ()
    answered: threading.Event = field(default_factory=threading.Event)

    def may_ask(self, at: float) -> bool:
        """Whether the address may be asked at ``at``, which is then noted."""
        self.tried = tuple(time for time in self.tried if at - time < RETRY_SECONDS)
        fails = bool(self.tried) and self.fetched < self.tried[-1]
        if self.tried and (fails or at - self.tried[-1] < AGAIN_SECONDS or len(self.tried) >= MOST_A_MINUTE):
            return False
        self.tried = (*self.tried, at)
        return True


@dataclass(slots=True)
class Kept(Generic[T]):
    """Documents of one kind, by address.

    Attributes:
        kind: names them in the cache and in the log, like ``client:key_set``.
        parse: makes a value of the octets; raises ``JoseError`` for anything that is no such document.
        empty: the value while there is none.
        accept: the Accept header.
    """

    kind: str
    parse: Callable[[bytes], T]
    empty: T
    accept: str
    _entries: dict[str, _Entry[T]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)

    def get(self, url: str, is_wanting: Callable[[T], bool], now: datetime) -> T:
        """What stands at ``url``, as good as can be had.

        Args:
            url: where.
            is_wanting: whether a value lacks what the caller needs, so that it is worth another look.
            now: aware UTC.
        """
        at = now.timestamp()
        entry = self._entries.get(url) or self._start(url)
        if at - entry.fetched >= FRESH_SECONDS or is_wanting(entry.value):
            with self._lock:
                # Whoever comes first goes; the others answer from what there is.
                is_mine = entry.may_ask(at)
            if is_mine:
                self._refresh(url, entry, at)
                entry.answered.set()
            elif not entry.fetched:
                entry.answered.wait(fetch.SECONDS)
        return entry.value if at - entry.fetched < STALE_SECONDS else self.empty

    def forget(self) -> None:
        """Drop what this process keeps; between tests."""
        self._entries.clear()

    def _start(self, url: str) -> _Entry[T]:
        """An entry from the shared cache, so that a new process need not ask again."""
        if len(self._entries) >= _MOST:
            self._entries.clear()
        entry = _Entry(self.empty)
        kept = self._read_shared(url)
        if kept is not None:
            entry.value, entry.fetched = self.parse(kept["body"]), kept["fetched"]
        return self._entries.setdefault(url, entry)

    def _refresh(self, url: str, entry: _Entry[T], at: float) -> None:
        try:
            body = fetch.get(url, accept=self.accept).body
            entry.value = self.parse(body)
            entry.fetched = at
        except (fetch.FetchError, JoseError) as error:
            age = at - entry.fetched if entry.fetched else None
            _log.warning(f"{self.kind}:unavailable", url=url, why=str(error), age=age)
            return
        self._write_shared(url, {"body": body, "fetched": at})

    def _shared_key(self, url: str) -> str:
        return f"{self.kind.replace(':', '-')}-{hashlib.sha256(url.encode()).hexdigest()}"

    def _read_shared(self, url: str) -> dict[str, Any] | None:
        try:
            kept = cache.get(self._shared_key(url))
        except Exception:  # a cache that is away is no reason to refuse anybody (design rule 8)
            return None
        return kept if isinstance(kept, dict) else None

    def _write_shared(self, url: str, kept: dict[str, Any]) -> None:
        try:
            cache.set(self._shared_key(url), kept, STALE_SECONDS)
        except Exception:  # as above
            _log.warning(f"{self.kind}:uncached", url=url)
