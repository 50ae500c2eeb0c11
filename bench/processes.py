"""What processes cost: memory and processor time, read from /proc."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))

    def walk(one: int) -> Iterator[int]:
        yield one
        for child in children.get(one, ()):
            yield from walk(child)

    return list(walk(pid))


def parent(pid: int) -> int:
    """Who started a process."""
    return int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[1])


def resident_megabytes(pid: int) -> float:
    """The largest resident set of a family's members: its web worker."""
    largest = 0
    for member in family(pid):
        with suppress(OSError):
            for row in Path(f"/proc/{member}/status").read_text("utf-8").splitlines():
                if row.startswith("VmRSS:"):
                    largest = max(largest, int(row.split()[1]))
    return largest / 1024


def processor_seconds(pid: int) -> float:
    """User and system time of a family so far."""
    ticks = 0
    for member in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text("utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def command_line(pid: int) -> str:
    """How a process was started; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def answers(port: int, path: str) -> bool:
    """Whether a server on 127.0.0.1 answers 200 there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
