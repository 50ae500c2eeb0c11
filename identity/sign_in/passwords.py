"""What a password costs: Argon2id (RFC 9106), and never more of it at once than the machine can bear.

Hashes are computed by a few threads of their own, which step back behind everything else, and only so many requests wait for
them. Else a flood of sign-ins takes every core, 19 MiB each and in the end every thread, and the token endpoint starves
beside it (scorecard T-08).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Final, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

T = TypeVar("T")

PATIENCE = 5.0  # seconds that a request waits for its turn; a form that hangs longer is sent again and makes it worse
# With it a hash gets a tenth of a core that others want, and all of one that nobody wants (setpriority(2)).
_NICENESS: Final = 10


class TooBusyError(Exception):
    """Too many passwords wait to be hashed; the page says so with 503 and Retry-After."""


def _step_back() -> None:
    # On Linux a thread has a niceness of its own; elsewhere its number may be that of somebody's process.
    if sys.platform == "linux":
        with suppress(OSError):
            me = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + _NICENESS)


class Turns:
    """The hashing threads of a process, and those who wait for them.

    Args:
        at_once: threads.
        waiting: how many more may wait.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, "argon2", _step_back)
        self._most = at_once + waiting
        self._inside = 0
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether whoever comes now is sent away."""
        return self._inside >= self._most

    def take(self, compute: Callable[[], T]) -> T:
        """What ``compute`` gives, when it is its turn.

        Raises:
            TooBusyError: too many wait already, or no turn came within ``PATIENCE``.
        """
        with self._lock:
            if self.full:
                raise TooBusyError
            self._inside += 1
        try:
            turn = self._threads.submit(compute)
            try:
                return turn.result(PATIENCE)
            except TimeoutError:
                if turn.cancel():
                    raise TooBusyError from None
                return turn.result()  # it has begun, and takes no longer than a hash takes
        finally:
            with self._lock:
                self._inside -= 1


@lru_cache(maxsize=1)
def turns() -> Turns:
    """The turns of this process: ``LIMITS.password_hashes_at_once``, and ``password_hashes_waiting`` behind them."""
    return Turns(settings.LIMITS.password_hashes_at_once, settings.LIMITS.password_hashes_waiting)


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, five passes, one lane: about 50 ms of one core.

    Django's own default takes 100 MiB and eight threads, which four sign-ins at once turn into the memory of the worker.
    """

    time_cost = 5
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a new password."""
        make = super().encode
        return turns().take(lambda: str(make(password, salt)))

    def verify(self, password: str, encoded: str) -> bool:
        """Compare a password."""
        compare = super().verify
        return turns().take(lambda: bool(compare(password, encoded)))
