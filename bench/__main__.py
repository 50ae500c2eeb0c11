"""``python -m bench`` (``make bench``): requests a second, latency, memory, processor time, beside django-oauth-toolkit and node-oidc-provider.

The server and its PostgreSQL share one core, wrk has the other. Commits are durable. ``PROFILE=refresh`` (or ``--profile``)
runs one, with its latency at 70 % of the peak; ``sign_in``, ``memory``, ``tables`` and ``pages`` are profiles too. ``--write`` keeps the figures in bench/results/latest.json and the table in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from bench import machine, pages, processes, sign_in, table, tables
from bench.gatehouse import gatehouse
from bench.measure import measure, memory
from bench.peers.dot.subject import dot
from bench.peers.node.subject import node
from bench.subject import Subject

PROFILES: Final = (
    "client_credentials", "introspection_jwt", "introspection_opaque", "userinfo", "refresh", "code", "discovery", "jwks",
)  # fmt: skip
# What a PBKDF2 secret slows down; the rest is the same with either hasher.
_HASHED: Final = ("client_credentials", "introspection_opaque", "refresh", "code")
# What is said of ours alone, in sentences below the table.
OURS_ALONE: Final = ("memory", "sign_in")


def _remarks(
    subject: Subject, chosen: Sequence[str], rows: Sequence[table.Row], held: float, cpus: tuple[str, str]
) -> list[str]:
    """What no row of the table says."""
    server_cpu, load_cpu = cpus
    said = []
    if "memory" in chosen:
        said.append(memory(subject, held, load_cpu))
    if "sign_in" in chosen:
        peaks = [row.rate for row in rows if row.profile == "client_credentials" and row.database == "postgresql"]
        said.append(sign_in.cost(subject, subject.usernames(), server_cpu, load_cpu))
        said.append(sign_in.crowd(subject, subject.usernames(), load_cpu, peaks[0] if peaks else 0.0))
    return said


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument(
        "--profile", choices=(*PROFILES, *OURS_ALONE, "tables", "pages"), default=os.environ.get("PROFILE") or None
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--rows", help="Sizes of the tables, for the profile tables.", default="10000,1000000,10000000")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    server_cpu, load_cpu = machine.cpus()
    if options.profile == "tables":
        return tables.main([int(size) for size in options.rows.split(",")], server_cpu, load_cpu)
    if options.profile == "pages":
        return pages.main(server_cpu, load_cpu, keep=options.write)
    profiles = tuple(name for name in PROFILES if options.profile in {None, name})
    alone = tuple(name for name in OURS_ALONE if options.profile in {None, name})
    rows: list[table.Row] = []
    remarks: list[str] = []
    # A subject on a database; what of it is measured. The peers run on PostgreSQL.
    plan = [
        ("sqlite", gatehouse, profiles),
        ("postgresql", gatehouse, (*profiles, *alone)),
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
            url, database_pid = stack.enter_context(machine.database(database, server_cpu))
            subject = stack.enter_context(start(url, server_cpu))
            held = processes.resident_megabytes(subject.pid)
            for profile in chosen:
                if profile in PROFILES:
                    rows.append(measure(subject, profile, database, database_pid, load_cpu))
                    sys.stderr.write(f"{table.line(rows[-1])}\n")
            remarks += _remarks(subject, chosen, rows, held, (server_cpu, load_cpu))
    print("\n" + table.render(rows, remarks))
    if options.write:
        table.write(rows, remarks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
