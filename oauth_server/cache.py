"""A Redis cache that may go away: what it would have kept is then kept in this process (design rule 8, scorecard K-03).

Limits on guessing go on counting, for one process instead of all; nothing that the cache holds is the only copy of a truth.
"""

from __future__ import annotations

import time
from typing import Any, Final

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger("gatehouse.cache")

# After a failure nobody asks Redis for so long: a request must not wait for a time-out at every counter that it touches.
_REST_SECONDS: Final = 2.0


class FallbackRedisCache(RedisCache):
    """Django's Redis cache, or this process's memory while Redis does not answer."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._here = LocMemCache("gatehouse.fallback", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
        self._asks_again_at = 0.0

    def _try(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._asks_again_at:
            try:
                return getattr(super(), operation)(*args, **kwargs)
            except (RedisError, OSError) as error:
                self._asks_again_at = time.monotonic() + _REST_SECONDS
                log.warning("cache:away", error=type(error).__name__)
        return getattr(self._here, operation)(*args, **kwargs)


def _guarded(operation: str) -> Any:
    def call(self: FallbackRedisCache, *args: Any, **kwargs: Any) -> Any:
        return self._try(operation, *args, **kwargs)

    call.__name__ = operation
    return call


for _operation in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
    "clear",
):
    setattr(FallbackRedisCache, _operation, _guarded(_operation))
