"""SQLite that waits instead of failing, PostgreSQL that fails instead of hanging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from oauth_server.settings.environment import BadSetting

SQLITE = "oauth_server.sqlite"

# BEGIN IMMEDIATE: a transaction that reads first and writes later would otherwise fail at once instead of waiting.
# WAL: readers never wait for the writer. FULL: a code that was spent stays spent after a power cut. The cache is small, since
# each thread has its own, and the system keeps the file in memory anyway.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;"
    " PRAGMA cache_size=-512;",
}

# Seconds and milliseconds: a database that does not answer becomes a 503 with Retry-After, never a request that hangs.
POSTGRESQL_OPTIONS = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "application_name": "gatehouse",
    # Planning a look-up over five tables takes PostgreSQL three times as long as answering it; a prepared one is planned
    # once.
    "server_side_binding": True,
    "prepare_threshold": 2,
    "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000",
}

# Behind a pooler that gives each transaction another connection nothing may outlast a transaction: PgBouncer before 1.21
# does not know a statement that was prepared on another connection, and refuses start-up options. The limits that
# those would set belong to the role then (docs/how-to/run-on-postgresql.md).
_SESSION_OPTIONS = frozenset({"prepare_threshold", "options"})
_POOLED_OPTIONS = {name: value for name, value in POSTGRESQL_OPTIONS.items() if name not in _SESSION_OPTIONS}


def database(url: str, data_dir: Path, pooler: str = "none") -> dict[str, Any]:
    """Django's settings of the database.

    Args:
        url: DATABASE_URL; SQLite in ``data_dir`` when empty.
        data_dir: the data folder.
        pooler: DATABASE_POOLER, ``none`` or ``transaction``.

    Raises:
        BadSetting: the URL makes no sense.
    """
    pooled = pooler == "transaction"
    if pooled and not url.startswith("postgres"):
        raise BadSetting("DATABASE_POOLER", "needs a DATABASE_URL of PostgreSQL.")
    if not url:
        return {
            "ENGINE": SQLITE,
            "NAME": data_dir / "gatehouse.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
            "CONN_MAX_AGE": None,
        }
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except (environ.ImproperlyConfigured, ValueError, KeyError):
        raise BadSetting("DATABASE_URL", "is malformed.") from None
    if not config.get("NAME"):
        raise BadSetting("DATABASE_URL", "names no database: it must end with /name.")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["ENGINE"] = SQLITE
    on_postgresql = _POOLED_OPTIONS if pooled else POSTGRESQL_OPTIONS
    defaults = SQLITE_OPTIONS if config["ENGINE"] == SQLITE else on_postgresql
    config["OPTIONS"] = {**defaults, **config.get("OPTIONS", {})}
    config["CONN_MAX_AGE"] = None
    config["DISABLE_SERVER_SIDE_CURSORS"] = pooled
    return config
