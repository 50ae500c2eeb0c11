"""``python -m bench.where refresh``: where the time of a request goes, and what a bare Django view takes for the same job.

``bench.inside`` hands the application a few thousand requests in a process of its own and looks which part is at work; what the web process takes
above that, under wrk, is the HTTP server's. Then the bare views of ``bench.floor`` get the same load, on the same PostgreSQL. Without a job all
of them; ``--write`` keeps the figures in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench import machine, page, processes
from bench.floor.subject import FLOORS, floor
from bench.gatehouse import gatehouse
from bench.load import put
from bench.measure import MEASURE_SECONDS, WARM_UP_SECONDS
from bench.parts import AUDIT, PARTS, REST, SERVER
from bench.subject import Subject
from tests.support.server import ROOT

# Some three seconds of a processor.
_REQUESTS: Final = 4_000
DATABASE: Final = "PostgreSQL"


@dataclass(frozen=True, slots=True)
class Speed:
    """What a server does: requests a second, and microseconds of processor time a request of it and of PostgreSQL."""

    rate: float
    server: float
    database: float


@dataclass(frozen=True, slots=True)
class Where:
    """One job. ``parts``: microseconds a request; they and PostgreSQL are all of it. ``floors``: by what was signed."""

    job: str
    speed: Speed
    parts: dict[str, float]
    floors: dict[str, Speed]


def _speed(subject: Subject, load: str, database_pid: int, load_cpu: str) -> Speed:
    """Warm up and measure; nothing else looks on."""
    asked = subject.loads[load]()
    used = put(asked, subject.port, WARM_UP_SECONDS, load_cpu).requests
    if asked.mode == "queue":
        asked = subject.loads[load]()
    before = [processes.processor_seconds(pid) for pid in (subject.pid, database_pid)]
    measured = put(asked, subject.port, MEASURE_SECONDS, load_cpu, start=used + 64)
    after = [processes.processor_seconds(pid) for pid in (subject.pid, database_pid)]
    server, database = (1e6 * (then - was) / max(1, measured.requests) for then, was in zip(after, before, strict=True))
    if measured.refused or measured.broken:
        raise RuntimeError(f"{subject.name}, {load}: {measured.refused} refused, {measured.broken} unanswered")
    return Speed(measured.rate, server, database)


def _inside(subject: Subject, job: str, server_cpu: str) -> dict[str, float]:
    """Microseconds a request of each part, without the HTTP server."""
    load = subject.loads[job]()
    done = subprocess.run(
        ["taskset", "-c", server_cpu, sys.executable, "-m", "bench.inside"], cwd=ROOT, env=dict(subject.environment), check=True, stderr=subprocess.DEVNULL,
        input=json.dumps({"mode": load.mode, "lines": list(load.lines), "requests": _REQUESTS}), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    looks = sum(told["seen"].values())
    parts = {name: told["here"] * told["seen"].get(name, 0) / looks for name in (*PARTS, REST)}
    parts[AUDIT] += told["beside"]  # the thread that stores it in batches
    return parts


def look(subject: Subject, bare: Subject, job: str, database_pid: int, cpus: tuple[str, str]) -> Where:
    """One job: how fast it is, where its time goes, and its floors."""
    server_cpu, load_cpu = cpus
    speed = _speed(subject, job, database_pid, load_cpu)
    parts = _inside(subject, job, server_cpu)
    parts = {SERVER: max(0.0, speed.server - sum(parts.values())), **parts}
    return Where(job, speed, parts, {name: _speed(bare, name, database_pid, load_cpu) for name in FLOORS[job]})


def render(looks: Sequence[Where]) -> str:
    """Two Markdown tables: microseconds by part, and the floors."""
    jobs = [each.job for each in looks]
    lines = [f"| microseconds of processor a request | {' | '.join(jobs)} |", f"|---|{'---:|' * len(jobs)}"]
    lines += [
        f"| {name} | {' | '.join(f'{each.parts[name]:,.0f}' for each in looks)} |"
        for name in looks[0].parts
        if any(each.parts[name] >= 0.5 for each in looks)
    ]
    lines.append(f"| {DATABASE} | {' | '.join(f'{each.speed.database:,.0f}' for each in looks)} |")
    lines.append(f"| all | {' | '.join(f'{each.speed.server + each.speed.database:,.0f}' for each in looks)} |")
    lines += [
        "",
        "| job | Gatehouse, requests/s | the floor | requests/s | web process, µs | PostgreSQL, µs | Gatehouse is |",
    ]
    lines.append("|---|---:|---|---:|---:|---:|---:|")
    for each in looks:
        for name, bare in each.floors.items():
            lines.append(
                f"| {each.job} | {each.speed.rate:,.0f} | {name} | {bare.rate:,.0f} | {bare.server:,.0f} | {bare.database:,.0f} | {each.speed.rate / bare.rate:.0%} of it |"
            )  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Look, print, and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m bench.where", description=main.__doc__)
    parser.add_argument(
        "job", nargs="*", choices=(*FLOORS, []), metavar="job", help=f"One or more of {', '.join(FLOORS)}."
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    server_cpu, load_cpu = machine.cpus()
    with machine.database("postgresql", server_cpu) as (url, database_pid), gatehouse(url, server_cpu) as subject, floor(url, server_cpu) as bare:  # fmt: skip
        looks = [look(subject, bare, job, database_pid, (server_cpu, load_cpu)) for job in options.job or FLOORS]
    text = render(looks)
    print(text)
    if options.write:
        page.put("where", f"{machine.sentence()}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
