"""Everything between a fresh checkout and a server that can answer; each step is harmless when it was done before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from oauth_server.keys.store import ensure_keys

_OURS: Final = ("identity", "oauth_server")


class CannotStart(Exception):
    """Why the server cannot start, in one sentence for the person at the keyboard."""


def check_static_files() -> None:
    """Make sure that pages find their styles.

    Raises:
        CannotStart: they were never collected, and each page would fail.
    """
    if getattr(staticfiles_storage, "hashed_files", None) == {}:
        raise CannotStart("The static files are not collected yet. Run: manage.py collectstatic --no-input")


def migrate() -> None:
    """Bring the database to this version's tables.

    Raises:
        CannotStart: the database cannot be reached or written, or another version made it.
    """
    try:
        check_version()
        call_command("migrate", interactive=False, verbosity=0)
    except (DatabaseError, TypeError) as error:  # a TypeError: the driver does not know an option of the URL
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CannotStart(
            f"The database {_database_name()} cannot be used (DATABASE_URL says which): {reason}"
        ) from None


def check_version() -> None:
    """Make sure that no other version made the tables: this one would write into what it does not know.

    Raises:
        CannotStart: the database has a migration that is not among ours.
    """
    loader = MigrationLoader(connection)
    known = {*loader.disk_migrations, *loader.replacements}
    foreign = sorted(name for name in loader.applied_migrations if name[0] in _OURS and name not in known)
    if foreign:
        raise CannotStart(
            f"The database {_database_name()} was made by another version of Gatehouse: it has {'.'.join(foreign[0])}, which this"
            " one does not know. Start that version, or restore the backup that was made before the update."
        )


def _database_name() -> str:
    config = connection.settings_dict
    return "/".join(str(part) for part in (config.get("HOST"), config["NAME"]) if part)


def seed_demo(file: Path) -> Mapping[str, Any]:
    """A demo person and demo clients, made once a database; answers what ``manage.py seed_demo`` said then.

    Args:
        file: remembers the answer, so that people and clients that an operator deletes stay deleted.
    """
    try:
        remembered = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        remembered = {}
    if remembered.get("database") != _database_name():
        call_command("seed_demo", json=True, stdout=(out := StringIO()))
        remembered = {"database": _database_name(), "demo": json.loads(out.getvalue())}
        file.touch(mode=0o600)
        file.write_text(json.dumps(remembered, indent=2) + "\n", "utf-8")
    demo: Mapping[str, Any] = remembered["demo"]
    return demo


def prepare(now: datetime) -> Mapping[str, Any]:
    """Do all of it; answers the demo's people and clients, empty where settings.DEMO is off.

    Raises:
        CannotStart: with one sentence.
    """
    migrate()
    try:
        ensure_keys(now)
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from None
    demo = seed_demo(settings.DATA_DIR / "demo.json") if settings.DEMO else {}
    # The processes that follow are forked: a shared connection would mix their answers up.
    connection.close()
    return demo
