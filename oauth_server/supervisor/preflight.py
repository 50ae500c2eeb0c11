"""What can be known before Django's settings are read, which makes files: whether a start has a chance."""

from __future__ import annotations

import errno
import importlib.util
import socket
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Final

from oauth_server.checks import RULES
from oauth_server.settings.databases import SQLITE, database
from oauth_server.settings.features import Lifetimes
from oauth_server.settings.resources import Resources

_POSTGRESQL_PORT: Final = 5_432
_PATIENCE_SECONDS: Final = 3.0
# What prepares the database: everything, or the part that does nothing else. The other parts start beside it and wait.
_LOOKED_AT: Final = ("", "prepare")


def look(arguments: Sequence[str]) -> None:
    """Look before ``manage.py run`` with these arguments begins.

    Raises:
        SystemExit: it cannot succeed; one sentence says why, and what to do.
    """
    process = next((word for word in arguments if not word.startswith("-")), "")
    if process not in _LOOKED_AT or {"-h", "--help"} & set(arguments):
        return
    # Read now and not above: a malformed variable stops the start where it is read.
    from oauth_server.settings import given  # noqa: PLC0415

    environment = given.ENVIRONMENT
    check_agreement(environment.lifetimes, environment["RESOURCES"])
    if not process:
        check_port(given.HOST, given.PORT)
    check_database(database(environment["DATABASE_URL"], given.DATA_DIR, environment["DATABASE_POOLER"]))


def check_settings_module(module: str) -> None:
    """Make sure that DJANGO_SETTINGS_MODULE names a module.

    Raises:
        SystemExit: there is none of this name.
    """
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise SystemExit(
            f"Gatehouse: the setting DJANGO_SETTINGS_MODULE names {module}, which is no module. It is"
            " oauth_server.settings.development or oauth_server.settings.production."
        )


def check_agreement(lifetimes: Lifetimes, resources: Resources) -> None:
    """Make sure that settings do not contradict each other; `manage.py check` asks the same rules.

    Raises:
        SystemExit: two of them do.
    """
    said = SimpleNamespace(LIFETIMES=lifetimes, RESOURCES=resources)
    if broken := next((rule for rule in RULES if not rule.holds(said)), None):
        raise SystemExit(f"Gatehouse: {broken.sentence} {broken.hint}")


def check_port(host: str, port: int) -> None:
    """Make sure that nobody listens where we shall.

    Raises:
        SystemExit: the port is taken, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        ways_out = {
            errno.EADDRINUSE: "Stop what listens there, or choose another port:"
            f" PORT={port + 1 if port < 65_535 else 8_000} make run",
            errno.EACCES: "Ports below 1024 are the system's: choose another, and let a proxy pass requests on to it.",
        }
        way_out = ways_out.get(error.errno or 0, "HOST must be an address or a name of this machine.")
        raise SystemExit(f"Gatehouse: port {port} on {host} cannot be used ({error.strerror}). {way_out}") from None


def check_database(config: dict[str, Any]) -> None:
    """Make sure that somebody listens where a PostgreSQL is said to be.

    Raises:
        SystemExit: nobody does.
    """
    host = config.get("HOST", "")
    # A socket of the file system, or several hosts of which one will do, are for the driver to find.
    if config["ENGINE"] == SQLITE or not host or "/" in host or "," in host:
        return
    port = config.get("PORT") or _POSTGRESQL_PORT
    if why := unreachable(host, int(port)):
        raise SystemExit(
            f"Gatehouse: the database {host}:{port}/{config['NAME']} cannot be reached ({why})."
            " Start PostgreSQL there, or let DATABASE_URL say where it is."
        )


def unreachable(host: str, port: int) -> str:
    """Why nobody can be reached there; empty when somebody takes the connection."""
    try:
        socket.create_connection((host, port), timeout=_PATIENCE_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return ""
