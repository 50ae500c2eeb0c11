"""One profile of one server: its peak, a calm load, and what it holds in memory after many requests."""

from __future__ import annotations

from typing import Final

from bench import processes, table
from bench.load import put
from bench.subject import Subject

WARM_UP_SECONDS: Final = 3.0
MEASURE_SECONDS: Final = 5.0
CALM_SECONDS: Final = 4.0
# 64 connections that rest now and then want more threads than 8 that never do, and each thread opens a connection to the
# database: that belongs to the start, as the first requests do.
CALM_WARM_UP_SECONDS: Final = 1.0
CALM_SHARE: Final = 0.7
# A PBKDF2 secret takes a third of a second, and eight callers share one core: five seconds would count two rounds.
SLOW_MEASURE_SECONDS: Final = 12.0
MANY_REQUESTS: Final = 100_000


def measure(subject: Subject, profile: str, database: str, database_pid: int, load_cpu: str) -> table.Row:
    """Warm up, then measure one profile; ours at a calm load as well."""
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
    calm = None
    if subject.is_ours:
        unused, rate = warm.requests + measured.requests + 128, CALM_SHARE * measured.rate
        for seconds in (CALM_WARM_UP_SECONDS, CALM_SECONDS):
            load = subject.loads[profile]() if load.mode == "queue" else load
            at_rest = put(load, subject.port, seconds, load_cpu, start=unused, rate=rate)
            unused += at_rest.requests + 64
        calm = (at_rest.p50, at_rest.p95, at_rest.p99)
    return table.Row(
        profile=profile,
        database=database,
        server=subject.name,
        rate=measured.rate,
        p50=measured.p50,
        p95=measured.p95,
        p99=measured.p99,
        megabytes=processes.resident_megabytes(subject.pid),
        cpu_ms=1_000 * spent[0] / max(1, measured.requests),
        database_cpu_ms=1_000 * sum(spent[1:]) / max(1, measured.requests),
        failed=measured.refused + measured.broken,
        start_seconds=subject.start_seconds,
        calm=calm,
    )


def memory(subject: Subject, begun_with: float, load_cpu: str) -> str:
    """What the web process holds after many more requests for tokens, as a sentence.

    Args:
        subject: ours.
        begun_with: megabytes before the first request.
        load_cpu: for taskset.
    """
    sent, load = 0, subject.loads["client_credentials"]()
    held = [processes.resident_megabytes(subject.pid)]
    while sent < MANY_REQUESTS:
        sent += put(load, subject.port, MEASURE_SECONDS, load_cpu).requests
        held.append(processes.resident_megabytes(subject.pid))
    return (
        f"Memory of the web process: {begun_with:.0f} MB at the start, {held[0]:.0f} MB after the profiles above, "
        f"{held[-1]:.0f} MB after {sent:,} requests more."
    )
