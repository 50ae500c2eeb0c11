"""How a process notices that clients or keys changed elsewhere: one look a second at most, no query per request."""

from __future__ import annotations

import threading
import time
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError

from oauth_server.models.version import StateVersion

_lock = threading.Lock()
_seen: dict[str, int] = {}
_looked_at: float = float("-inf")
# While the database is away, one request in this time waits for it to answer; the others hear at once that it is away.
_PATIENCE_SECONDS: Final = 0.5
_failed_at: float = float("-inf")


def version(name: str) -> int:
    """The counter called ``name``, at most ``LIMITS.cache_seconds`` old.

    A cache keeps the version beside what it holds and reloads when this answer differs.
    """
    global _seen, _looked_at, _failed_at  # noqa: PLW0603  # one clock for the whole process is the point
    if time.monotonic() - _looked_at >= settings.LIMITS.cache_seconds:
        with _lock:
            if time.monotonic() - _looked_at >= settings.LIMITS.cache_seconds:
                if time.monotonic() - _failed_at < _PATIENCE_SECONDS:
                    raise OperationalError("The database was away a moment ago.")
                try:
                    _seen = StateVersion.objects.current()
                except (OperationalError, InterfaceError):
                    _failed_at = time.monotonic()
                    raise
                _looked_at = time.monotonic()
    return _seen.get(name, 0)


def look() -> None:
    """Ask the database now, whatever is remembered; fails when it is away."""
    StateVersion.objects.current()


def forget() -> None:
    """Look again at the next question: after a change of our own, and between tests."""
    global _looked_at, _failed_at  # noqa: PLW0603  # as above
    _looked_at = _failed_at = float("-inf")
