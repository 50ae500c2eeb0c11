"""``python -m bench`` (``make bench``): requests a second, latency, memory, processor time, beside django-oauth-toolkit and node-oidc-provider.

The server and its PostgreSQL share one core, wrk has the other. Commits are durable. ``PROFILE=refresh`` (or ``--profile``)
runs one; ``--write`` keeps the figures in bench/results/latest.json and the table in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from bench import processes, table
from bench.gatehouse import gatehouse
from bench.load import put
from bench.peers.dot.subject import dot
from bench.peers.node.subject import node
from bench.subject import Subject
from tests.support import services

PROFILES: Final = (
    "client_credentials", "introspection_jwt", "introspection_opaque", "userinfo", "refresh", "code", "discovery", "jwks",
)  # fmt: skip
# What a PBKDF2 secret slows down; the rest is the same with either hasher.
_HASHED: Final = ("client_credentials", "introspection_opaque", "refresh", "code")
WARM_UP_SECONDS: Final = 3.0
MEASURE_SECONDS: Final = 5.0
# A PBKDF2 secret takes a third of a second, and eight callers share one core: five seconds would count two rounds.
SLOW_MEASURE_SECONDS: Final = 12.0


def _cpus() -> tuple[str, str]:
    """The core of the server and that of the load: two different ones where there are two."""
    mine = sorted(os.sched_getaffinity(0))
    return str(mine[0]), str(mine[-1])


@contextmanager
def _database(kind: str, cpu: str) -> Iterator[tuple[str, int]]:
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


def measure(subject: Subject, profile: str, database: str, database_pid: int, load_cpu: str) -> table.Row:
    """Warm up, then measure one profile."""
    load = subject.loads[profile]()
    warm = put(load, subject.port, WARM_UP_SECONDS, load_cpu)
    seconds = MEASURE_SECONDS if warm.requests > 10 * WARM_UP_SECONDS else SLOW_MEASURE_SECONDS
    if load.mode == "queue":
        load = subject.loads[profile]()
    watched = [subject.pid, *([database_pid] if database_pid else [])]
    before = [processes.processor_seconds(pid) for pid in watched]
    # The next unused line: wrk may have had a few requests in flight.
    measured = put(load, subject.port, seconds, load_cpu, start=warm.requests + 64)
    spent = [processes.processor_seconds(pid) - was for pid, was in zip(watched, before, strict=True)]
    return table.Row(
        profile=profile,
        database=database,
        server=subject.name,
        rate=measured.rate,
        p50=measured.p50,
        p99=measured.p99,
        megabytes=processes.resident_megabytes(subject.pid),
        cpu_ms=1_000 * spent[0] / max(1, measured.requests),
        database_cpu_ms=1_000 * sum(spent[1:]) / max(1, measured.requests),
        failed=measured.refused + measured.broken,
        start_seconds=subject.start_seconds,
    )


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("--profile", choices=PROFILES, default=os.environ.get("PROFILE") or None)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    profiles = (options.profile,) if options.profile else PROFILES
    server_cpu, load_cpu = _cpus()
    rows: list[table.Row] = []
    # A subject on a database; what of it is measured. The peers run on PostgreSQL.
    plan = [
        ("sqlite", gatehouse, profiles),
        ("postgresql", gatehouse, profiles),
        ("postgresql", partial(dot, hasher="fast"), profiles),
        ("postgresql", partial(dot, hasher="stock"), tuple(name for name in profiles if name in _HASHED)),
        ("memory", node, profiles),
    ]
    for database, start, chosen in plan:
        is_peer = start is not gatehouse
        if (options.database == "sqlite" and database != "sqlite") or (
            options.database == "postgresql" and database == "sqlite"
        ):
            continue
        if (options.no_peer and is_peer) or not chosen:
            continue
        with ExitStack() as stack:
            url, database_pid = stack.enter_context(_database(database, server_cpu))
            subject = stack.enter_context(start(url, server_cpu))
            for profile in chosen:
                rows.append(measure(subject, profile, database, database_pid, load_cpu))
                sys.stderr.write(f"{table.line(rows[-1])}\n")
    print("\n" + table.render(rows))
    if options.write:
        table.write(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
