"""Another Django project on the app server that Gatehouse has."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench import processes
from tests.support import services
from tests.support.server import ROOT, stop


@dataclass(frozen=True, slots=True)
class AppServer:
    """One that answers: its port, its main process, and the seconds until it did."""

    port: int
    pid: int
    start_seconds: float


@contextmanager
def granian(application: str, environment: Mapping[str, str], cpu: str, ready: str) -> Iterator[AppServer]:
    """One web process with eight threads.

    Args:
        application: ``module:name``.
        environment: of the process.
        cpu: for taskset.
        ready: an address that answers 200 once it is up.
    """
    port = services.free_port()
    begun = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", cpu, sys.executable, "-m", "granian", application, "--interface", "wsgi", "--host", "127.0.0.1",
         "--port", str(port), "--http", "1", "--no-ws", "--workers", "1", "--blocking-threads", "8", "--backpressure", "256",
         "--log-level", "warning"],
        cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        services.wait_for(lambda: processes.answers(port, ready), application, process)
        yield AppServer(port, process.pid, time.monotonic() - begun)
    finally:
        stop(process)
