"""The key pairs that our server makes in one test serve in the next as well.

An RSA key takes 60 ms of a processor to find, and a test with a signing server needs three. Within one test no key comes
twice; what is made outside of a test, by a module or a fixture that lasts, comes in none.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import Any, Final

from oauth_server.jose import generate


class KeyPool:
    """Stands before the making of key pairs."""

    def __init__(self) -> None:
        self._make, generate._fresh = generate._fresh, self._next
        self._lock = threading.Lock()
        self._made: defaultdict[str, list[Any]] = defaultdict(list)
        self._given: Counter[str] | None = None

    def begin(self) -> None:
        """A test begins: it has been given none yet."""
        self._given = Counter()

    def end(self) -> None:
        """No test is running."""
        self._given = None

    def _next(self, alg: str) -> Any:
        with self._lock:
            if self._given is None:
                return self._make(alg)
            if self._given[alg] == len(self._made[alg]):
                self._made[alg].append(self._make(alg))
            self._given[alg] += 1
            return self._made[alg][self._given[alg] - 1]


POOL: Final = KeyPool()
