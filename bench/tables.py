"""Does a job keep its speed in a large table, and does anybody notice clean-up? PostgreSQL alone (``PROFILE=tables``).

Rows are made by the database itself, of one real row of each table. Half an hour or so at ten million; ``--rows 10000,1000000`` is
less. The measurement starts when the database has written down what the filling left, and nothing is swept: a table that grew in months
is at rest too.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from bench import processes, table
from bench.gatehouse import gatehouse
from bench.load import put
from bench.measure import CALM_SHARE, WARM_UP_SECONDS, measure
from tests.support import services

JOBS: Final = ("introspection_jwt", "introspection_opaque", "userinfo", "refresh", "code")
_DEAD: Final = 1_000_000
_BEFORE_SECONDS: Final = 10.0
# Sweeping a million rows takes longer than this; what is left when the measurement ends goes unmeasured.
_AMONG_SECONDS: Final = 20.0

# Table → column → its value in row ``i`` of the kind ``mark``; every other column is that of one real row.
_PERSON: Final = "md5(%(mark)s || 'person' || i / 10)::uuid"
_SESSION: Final = "md5(%(mark)s || 'session' || i / 10)"
_FAMILY: Final = "md5(%(mark)s || 'family' || i)::uuid"
_ENDS: Final = "now() + %(ends)s::interval - i * interval '1 ms'"
_COPIES: Final[Mapping[str, Mapping[str, str]]] = {
    "identity_user": {"id": "md5(%(mark)s || 'person' || i)::uuid", "username": "%(mark)s || i", "email": "%(mark)s || i || '@example.org'"},
    "identity_loginsession": {"sid": "md5(%(mark)s || 'session' || i)", "user_id": "md5(%(mark)s || 'person' || i)::uuid"},
    "oauth_server_tokenfamily": {"id": _FAMILY, "user_id": _PERSON, "session_id": _SESSION, "expires": _ENDS},
    "oauth_server_refreshtoken": {"digest": "sha256((%(mark)s || 'refresh' || i)::bytea)", "family_id": _FAMILY, "expires": _ENDS},
    "oauth_server_accesstoken": {"digest": "sha256((%(mark)s || 'access' || i)::bytea)", "family_id": _FAMILY, "expires": _ENDS},
    "oauth_server_authorizationcode": {
        "digest": "sha256((%(mark)s || 'code' || i)::bytea)", "family": _FAMILY, "user_id": _PERSON, "session_id": _SESSION, "expires": _ENDS,
        "used_at": f"{_ENDS} - interval '1 minute'",
    },
    "oauth_server_auditevent": {"at": "now() - i * interval '1 ms'", "user": "md5(%(mark)s || 'person' || i / 10)"},
}  # fmt: skip
_TEN_TO_A_PERSON: Final = ("identity_user", "identity_loginsession")
# A quarter of a machine of 8 GB, which is what PostgreSQL's manual recommends, and room for the log between two checkpoints.
_POSTGRESQL: Final = ("shared_buffers=2GB", "max_wal_size=8GB", "maintenance_work_mem=512MB")
_CLEANED: Final = ("oauth_server_tokenfamily", "oauth_server_refreshtoken", "oauth_server_accesstoken")


def _copy(connection: psycopg.Connection[Any], name: str, how_many: int, mark: str, ends: str) -> None:
    """Add rows to a table, each a copy of a real one with other keys."""
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'", (name,)
    )
    columns = [row[0] for row in found]
    changed = _COPIES[name]
    values = [
        sql.SQL(changed[column]) if column in changed else sql.SQL("t.") + sql.Identifier(column)  # type: ignore[arg-type]  # ours, above
        for column in columns
    ]
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM (SELECT * FROM {} LIMIT 1) t, generate_series(0, {}) i").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(values),
        sql.Identifier(name), sql.Literal(how_many - 1),
    )  # fmt: skip
    connection.execute(statement, {"mark": mark, "ends": ends})


def fill(connection: psycopg.Connection[Any], names: Sequence[str], how_many: int, mark: str, ends: str) -> None:
    """Rows of these tables that belong together.

    Args:
        connection: to the server's database.
        names: of tables, parents first.
        how_many: in each; people and sign-ins are a tenth of it.
        mark: keeps the keys of several fillings apart.
        ends: how long they live, as an interval; a negative one makes dead rows.
    """
    connection.execute(
        "SET session_replication_role = replica"
    )  # the parents are there: looked at once a row, they would take an hour
    for name in names:
        _copy(connection, name, how_many // 10 + 1 if name in _TEN_TO_A_PERSON else how_many, mark, ends)
    connection.execute("RESET session_replication_role")
    for name in names:
        connection.execute(sql.SQL("VACUUM (ANALYZE, FREEZE) {}").format(sql.Identifier(name)))


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any], names: Sequence[str]) -> Iterator[None]:
    """Build the indexes that no constraint needs once, after the rows, and not at each of ten million."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        (list(names),),
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in found:
        connection.execute(definition)


def _rest(connection: psycopg.Connection[Any]) -> None:
    """Wait until nothing of the filling is left to do."""
    while connection.execute("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'").fetchone():
        time.sleep(1)
    connection.execute("CHECKPOINT")


def _megabytes(connection: psycopg.Connection[Any]) -> float:
    found = connection.execute(
        "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) name", (list(_CLEANED),)
    )
    return float((found.fetchone() or (0,))[0]) / 1024**2


def _sizes(size: int, server_cpu: str, load_cpu: str) -> tuple[list[table.Row], str]:
    """Every job at one size, and what clean-up does to it."""
    with services.postgresql(settings=_POSTGRESQL, cpus=server_cpu) as url, gatehouse(url, server_cpu) as subject, psycopg.connect(url, autocommit=True) as connection:  # fmt: skip
        for job in JOBS:
            subject.loads[job]()  # one real row of each table, to copy
        put(subject.loads["userinfo"](), subject.port, 1, load_cpu)
        with _without_indexes(connection, list(_COPIES)):
            fill(connection, list(_COPIES), size, "live", "20 days")
        _rest(connection)
        postmaster = processes.parent(connection.info.backend_pid)
        rows = []
        for job in JOBS:
            rows.append(measure(subject, job, "postgresql", postmaster, load_cpu))
            sys.stderr.write(f"{size:>12,} rows  {table.line(rows[-1])}\n")
        cleaned = _clean_up(subject, connection, min(size, _DEAD), load_cpu)
        sys.stderr.write(f"{size:>12,} rows  {cleaned}\n")
        return rows, cleaned


def _clean_up(subject: Any, connection: psycopg.Connection[Any], dead: int, load_cpu: str) -> str:
    """Refreshes at a calm load, before and while dead rows are swept; and how large the tables are before and after."""
    peak = put(subject.loads["refresh"](), subject.port, WARM_UP_SECONDS, load_cpu).rate
    rate = CALM_SHARE * peak
    sizes = [_megabytes(connection)]
    people = [name for name in _COPIES if name in _TEN_TO_A_PERSON]
    fill(connection, [*people, *_CLEANED], dead // len(_CLEANED), "dead", "-2 days")
    sizes.append(_megabytes(connection))
    _rest(connection)
    before = put(subject.loads["refresh"](), subject.port, _BEFORE_SECONDS, load_cpu, rate=rate)
    load = subject.loads["refresh"]()
    begun, swept = time.monotonic(), {}
    sweeping = threading.Thread(target=lambda: swept.update(subject.sweep()))
    sweeping.start()
    among = put(load, subject.port, _AMONG_SECONDS, load_cpu, rate=rate)
    sweeping.join()
    seconds = time.monotonic() - begun
    # What autovacuum does on its own a while later; then as many dead rows come again.
    for name in _CLEANED:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(name)))
    sizes.append(_megabytes(connection))
    fill(connection, [*people, *_CLEANED], dead // len(_CLEANED), "next", "-2 days")
    sizes.append(_megabytes(connection))
    gone = sum(swept.values())
    return (
        f"Clean-up of {gone:,} rows in {seconds:.0f} s: refreshes at {rate:,.0f} a second have a p95 of {before.p95:.2f} ms before and "
        f"{among.p95:.2f} ms meanwhile, {among.refused + among.broken} failed. The three tables: {sizes[0]:,.0f} MB, {sizes[1]:,.0f} with the "
        f"dead rows, {sizes[2]:,.0f} after clean-up and vacuum, {sizes[3]:,.0f} once as many dead rows came again."
    )


def _cell(row: table.Row, first: table.Row) -> str:
    """What a job does at one size, and which share that is of what it did at the first; a job that failed there has none."""
    share = f" ({row.rate / first.rate:.0%})" if first.rate else ""
    return f"{row.rate:,.0f}/s{share}, database {row.database_cpu_ms:.3f} ms, failed {row.failed}"


def main(sizes: Sequence[int], server_cpu: str, load_cpu: str) -> int:
    """Measure each size in a database of its own, and print."""
    measured = {size: _sizes(size, server_cpu, load_cpu) for size in sizes}
    lines = [f"| job | {' | '.join(f'{size:,} rows' for size in sizes)} |", f"|---|{'---:|' * len(sizes)}"]
    for at, job in enumerate(JOBS):
        cells = [_cell(measured[size][0][at], measured[sizes[0]][0][at]) for size in sizes]
        lines.append(f"| {job} | {' | '.join(cells)} |")
    for size in sizes:
        lines += ["", f"{size:,} rows. {measured[size][1]}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
