"""Threads that write to one SQLite file wait for each other and for nothing else (docs/decisions/0012)."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from pytest_django.plugin import DjangoDbBlocker

from oauth_server.settings.databases import database
from oauth_server.sqlite.base import DatabaseWrapper


@pytest.fixture
def connect(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], DatabaseWrapper]]:
    """Makes connections to a file with one table, as a thread of a web process has one."""
    made: list[DatabaseWrapper] = []

    def connection() -> DatabaseWrapper:
        one: Any = ConnectionHandler({"default": database("", tmp_path)})["default"]
        one.inc_thread_sharing()
        one.ensure_connection()
        made.append(one)
        return one

    with django_db_blocker.unblock():
        with connection().cursor() as cursor:
            cursor.execute("CREATE TABLE spent (thing TEXT)")
        yield connection
        for one in made:
            one.close()


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another process writes."""
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def begin(connection: DatabaseWrapper, milliseconds: int = 5_000) -> None:
    connection.cursor().execute(f"PRAGMA busy_timeout={milliseconds}")
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def end(connection: DatabaseWrapper) -> None:
    connection.commit()
    connection.set_autocommit(True)


def test_collecting_a_failed_statement_waits_for_no_other_thread(
    connect: Callable[[], DatabaseWrapper], tmp_path: Path
) -> None:
    """A thread that held the file and collected another's failure waited for it, and it for the file (K-08)."""
    theirs = connect()
    with held(tmp_path / "gatehouse.sqlite3"):
        gc.disable()
        with pytest.raises(OperationalError, match="locked"):
            begin(theirs, 1)

        def wait() -> None:
            begin(theirs)
            end(theirs)

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not theirs._has_turn:
            time.sleep(0.001)
        time.sleep(0.05)
        gc.collect()
        gc.enable()
        assert waiting.is_alive()
    waiting.join()


def test_threads_write_one_after_the_other_and_each_gets_its_turn(connect: Callable[[], DatabaseWrapper]) -> None:
    """Nobody is refused while the others are quick (K-08)."""
    connections = [connect() for _ in range(8)]

    def write(connection: DatabaseWrapper) -> None:
        for _ in range(20):
            begin(connection, 0)
            connection.cursor().execute("INSERT INTO spent VALUES ('x')")
            end(connection)

    threads = [threading.Thread(target=write, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connections[0].cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM spent").fetchone() == (160,)


@pytest.mark.parametrize("leave", ["rollback", "close"])
def test_a_transaction_that_fails_gives_its_turn_away(connect: Callable[[], DatabaseWrapper], leave: str) -> None:
    """Else every later writer of the process would wait for nobody."""
    failed, next_one = connect(), connect()
    begin(failed)
    getattr(failed, leave)()
    begin(next_one, 0)
    end(next_one)
