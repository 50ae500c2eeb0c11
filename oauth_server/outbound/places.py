"""How many fetches may be under way: in all, and to one host, so that a host that is slow on purpose leaves places for the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class NoPlaceError(Exception):
    """Nothing came free in time."""


class Places:
    """A count of what is under way in this process.

    Attributes:
        patience: seconds that somebody waits for a place: long enough for a crowd, too short to hold workers.
    """

    def __init__(self, most: int, most_of_one: int, patience: float) -> None:
        self.patience = patience
        self._most, self._most_of_one = most, most_of_one
        self._under_way: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def one(self, host: str) -> Iterator[None]:
        """A place while the block runs.

        Args:
            host: whom it is for, with its port.

        Raises:
            NoPlaceError: see there.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(host), self.patience):
                raise NoPlaceError
            self._under_way[host] += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way[host] -= 1
                # Else the names of all hosts ever would stay.
                self._under_way += Counter()
                self._changed.notify_all()

    def _has_room(self, host: str) -> bool:
        return self._under_way[host] < self._most_of_one and self._under_way.total() < self._most
