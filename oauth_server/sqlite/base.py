"""One writer of a process at a time, and cursors that leave nothing open (Django finds a back end by the name of this file)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from typing import Any, Final

from django.db.backends.sqlite3 import base

# SQLite has one writer, and those who wait for it sleep up to a tenth of a second between two looks, whoever came first: of
# eight clients that refresh, one in a hundred waited for more than a second. The threads of a process take turns here,
# and wake each other; SQLite's own waiting is left for other processes.
_writing: Final = threading.Lock()


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that a failure closes.

    Django ties each database error to its frames in a circle, and the frames hold the cursor. The garbage collector then resets
    the cursor's statement in whatever thread it happens to run, which waits for the cursor's connection. If that one waits to write
    while the collecting thread holds the file, each waits for the other until the time is up.
    """

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's, and closed when it fails."""
        try:
            return super().execute(query, params)
        except sqlite3.Error:
            self.close()
            raise

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """As Django's, and closed when it fails."""
        try:
            return super().executemany(query, param_list)
        except sqlite3.Error:
            self.close()
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions wait for their turn."""

    _has_turn = False

    def create_cursor(self, name: str | None = None) -> Cursor:  # noqa: ARG002  # for PostgreSQL's named ones
        """A cursor of ours."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        with self.wrap_database_errors:
            if not _writing.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"]):
                raise sqlite3.OperationalError("database is locked")
        self._has_turn = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django's stubs leave it out
        except BaseException:
            self._give_turn()
            raise

    def _give_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            _writing.release()

    def commit(self) -> None:
        """As Django's, and the turn is over; a commit that fails leaves the transaction open until it is rolled back."""
        super().commit()
        self._give_turn()

    def rollback(self) -> None:
        """As Django's, and the turn is over."""
        try:
            super().rollback()
        finally:
            self._give_turn()

    def close(self) -> None:
        """As Django's, and the turn is over."""
        try:
            super().close()
        finally:
            self._give_turn()
