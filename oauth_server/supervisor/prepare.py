"""Everything between a fresh checkout and a server that can answer; each step is harmless when it was done before."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.db import DatabaseError, connection

from oauth_server.keys.store import ensure_keys


class CannotStart(Exception):
    """Why the server cannot start, in one sentence for the person at the keyboard."""


def check_port(host: str, port: int) -> None:
    """Make sure that nobody listens where we shall.

    Raises:
        CannotStart: the port is taken, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        way_out = (
            f"Stop what listens there, or choose another port: PORT={port + 1 if port < 65_535 else 8_000} make run"
            if error.errno == errno.EADDRINUSE
            else "Look at HOST and PORT."
        )
        raise CannotStart(f"Port {port} on {host} cannot be used ({error.strerror}). {way_out}") from None


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
        CannotStart: the database cannot be reached or written.
    """
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except (DatabaseError, TypeError) as error:  # a TypeError: the driver does not know an option of the URL
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CannotStart(
            f"The database {_database_name()} cannot be used (DATABASE_URL says which): {reason}"
        ) from None


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
    ensure_keys(now)
    demo = seed_demo(settings.DATA_DIR / "demo.json") if settings.DEMO else {}
    # The processes that follow are forked: a shared connection would mix their answers up.
    connection.close()
    return demo
