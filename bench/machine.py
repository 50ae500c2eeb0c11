"""The machine that measures: its cores, its database, and what is said of it beside the figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import processes
from tests.support import services


def cpus() -> tuple[str, str]:
    """The core of the server and that of the load: two different ones where there are two."""
    mine = sorted(os.sched_getaffinity(0))
    return str(mine[0]), str(mine[-1])


@contextmanager
def database(kind: str, cpu: str) -> Iterator[tuple[str, int]]:
    """A URL and the main process of a PostgreSQL on that core; an empty URL and 0 of any other kind."""
    if kind != "postgresql":
        yield "", 0
        return
    with services.postgresql(cpus=cpu) as url:
        yield url, _postmaster(url)


def _postmaster(url: str) -> int:
    port = url.rpartition(":")[2].partition("/")[0]
    for pid in processes.family(os.getpid()):
        if f"port={port}" in processes.command_line(pid):
            return pid
    return 0


def facts() -> dict[str, Any]:
    """What it is, and when."""
    model = next(
        (text.partition(":")[2].strip() for text in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if text.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def sentence() -> str:
    """The same, to stand above figures."""
    said = facts()
    return f"{said['processor']}, {said['cores']} cores, Python {said['python']}, {said['at'][:10]}."
