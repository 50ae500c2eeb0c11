"""PROCESSES: what a running server consists of, and the command line of each. The container entrypoint starts the same ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings

from oauth_server.supervisor import metrics_folder

# Python threads that serve requests in one web process. One core runs one of them at a time; the others wait for the
# database, so more of them only make PostgreSQL hold more connections. Those that wait for a password to be hashed come on
# top: Granian starts a thread when it needs one and ends it when it rests for long.
WEB_THREADS: Final = (
    min(8, 2 * (os.cpu_count() or 1) + 1)
    + settings.LIMITS.password_hashes_at_once
    + settings.LIMITS.password_hashes_waiting
)
# Seconds that one of them rests before it ends (Granian's most). It takes its connection along, and a new one costs ten
# milliseconds of processor time, for which whoever came just then waits.
WEB_THREAD_RESTS: Final = 600
# Requests that one process takes in at once; the rest wait in the socket, where they cost nothing.
WEB_BACKPRESSURE: Final = 256
_LOG_CONFIG: Final = Path(__file__).with_name("granian.json")


# On one machine requests go before chores: the first answer does not wait until the worker has imported itself.
_POLITELY: Final = ("nice", "-n", "10")


def web() -> list[str]:
    """Granian over WSGI. Several processes count in files: each scrape reaches only one of them."""
    counting = (
        ["env", f"PROMETHEUS_MULTIPROC_DIR={metrics_folder.fresh(settings.DATA_DIR, settings.PORT)}"]
        if settings.WEB_WORKERS > 1
        else []
    )
    return [
        *counting, sys.executable, "-m", "granian", "oauth_server.wsgi:application",
        "--interface", "wsgi", "--host", settings.HOST, "--port", str(settings.PORT), "--http", "1", "--no-ws",
        "--workers", str(settings.WEB_WORKERS), "--blocking-threads", str(WEB_THREADS),
        "--blocking-threads-idle-timeout", str(WEB_THREAD_RESTS), "--backpressure", str(WEB_BACKPRESSURE),
        "--http1-header-read-timeout", "10000", "--workers-kill-timeout", "10",
        "--log-level", "warning", "--log-config", str(_LOG_CONFIG),
        # Of several processes one may be killed, by want of memory for one: the others go on, and a new one takes its place.
        *(["--respawn-failed-workers"] if settings.WEB_WORKERS > 1 else []),
    ]  # fmt: skip


def worker() -> list[str]:
    """The Celery worker; threads, because its tasks wait for the database and for other people's servers."""
    return [
        *_POLITELY, sys.executable, "-m", "celery", "--quiet", "-A", "oauth_server.celery", "worker", "--pool", "threads", "--concurrency", "2",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning",
    ]  # fmt: skip


def beat() -> list[str]:
    """Celery's clock: sends what oauth_server.celery.BEAT says."""
    return [
        *_POLITELY, sys.executable, "-m", "celery", "--quiet", "-A", "oauth_server.celery", "beat", "--loglevel", "warning", "--pidfile", "",
    ]  # fmt: skip


PROCESSES: Final[dict[str, Callable[[], list[str]]]] = {"web": web, "worker": worker, "beat": beat}
