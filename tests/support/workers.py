"""Celery's worker beside a running server, as ``manage.py run`` starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import ROOT, stop


@contextmanager
def worker(environment: Mapping[str, str], folder: Path, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that runs; what it says stands in ``folder/worker.log``."""
    with (folder / "worker.log").open("ab") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--quiet", "-A", "oauth_server.celery", "worker"),
                *("--pool", "threads", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"),
            ],
            cwd=ROOT,
            env={**environment, **changes},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)
