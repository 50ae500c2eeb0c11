"""Migrate a database by starting from a copy of the first one that this run of the tests migrated.

Migrating costs four seconds of a processor, and a run needs some forty databases. ``migrate`` is asked of every one all the
same: on a copy it finds nothing left to do. As a program: ``python -m tests.support.migrated``.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import django
from django.core.management import call_command
from django.db import connection

from tests.support.services import postgresql_binaries

# The folder that keeps the copies: made by tests/conftest.py for one run. Without it, every database is migrated by itself.
VARIABLE: Final = "MIGRATED_COPIES"


def migrate() -> None:
    """Bring the tables of the default database up to date."""
    folder = os.environ.get(VARIABLE)
    if not folder or connection.introspection.table_names():
        call_command("migrate", interactive=False, verbosity=0)
        return
    save, restore = _WAYS[connection.vendor]
    copy = Path(folder) / connection.vendor
    with _alone(copy.with_suffix(".lock")):
        if copy.exists():
            restore(copy)
        call_command("migrate", interactive=False, verbosity=0)
        if not copy.exists():
            half = copy.with_suffix(".half")
            save(half)
            half.rename(copy)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _save_sqlite(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as target:
        connection.connection.backup(target)


def _restore_sqlite(copy: Path) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(copy)) as source:
        source.backup(connection.connection)


def _save_postgresql(copy: Path) -> None:
    dump = [postgresql_binaries() / "pg_dump", "--no-owner", "--file", copy]
    subprocess.run(dump, env=_libpq(), check=True)
    with copy.open("a", encoding="ascii") as script:
        script.write("RESET ALL;\n")  # a pooler gives the session, and the empty search_path of the dump, to the next


def _restore_postgresql(copy: Path) -> None:
    quietly = ["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--single-transaction", "--output", os.devnull]
    subprocess.run([postgresql_binaries() / "psql", *quietly, "--file", copy], env=_libpq(), check=True)


def _libpq() -> dict[str, str]:
    """Where the database is, in libpq's variables."""
    given: dict[str, Any] = connection.get_connection_params()
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    return {**os.environ} | {name: str(given[key]) for name, key in names.items() if given.get(key)}


# Vendor → how a copy is made of the default database, and how an empty one is made from it.
_WAYS: Final[dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]]] = {
    "sqlite": (_save_sqlite, _restore_sqlite),
    "postgresql": (_save_postgresql, _restore_postgresql),
}


if __name__ == "__main__":
    django.setup()
    migrate()
