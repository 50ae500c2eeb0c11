"""What a password costs: Argon2id (RFC 9106), and never more of it at once than the machine can bear."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

PATIENCE = 5.0  # seconds that a request waits for its turn; a form that hangs longer is sent again and makes it worse


class TooBusyError(Exception):
    """Too many passwords wait to be hashed; the page says so with 503 and Retry-After."""


@lru_cache(maxsize=1)
def _turns() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.LIMITS.password_hashes_at_once)


@contextmanager
def a_turn() -> Iterator[None]:
    """Wait for one of the ``LIMITS.password_hashes_at_once`` turns of this process.

    Without the cap a flood of sign-ins takes every core and 19 MiB each, and the token endpoint starves beside it.

    Raises:
        TooBusyError: no turn came within ``PATIENCE``.
    """
    turns = _turns()
    if not turns.acquire(timeout=PATIENCE):
        raise TooBusyError
    try:
        yield
    finally:
        turns.release()


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, five passes, one lane: about 50 ms of one core.

    Django's own default takes 100 MiB and eight threads, which four sign-ins at once turn into the memory of the worker.
    """

    time_cost = 5
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a new password."""
        with a_turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare a password."""
        with a_turn():
            return super().verify(password, encoded)
