"""Behind a PgBouncer in transaction mode: each transaction on another connection, and all is as without it.

Debian's PgBouncer (1.18) knows no prepared statements in that mode and refuses start-up options, so nothing of a session
may be used. Two connections to the database serve two servers of two processes each, so that they share all the time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from oauth_server.settings.databases import database
from oauth_server.settings.environment import BadSetting, load
from tests.races.storm import Client, ask, storm
from tests.support import services
from tests.support.server import ROOT, House, Server, house

POOLED = {"DATABASE_POOLER": "transaction"}
GUIDE = (ROOT / "docs/how-to/run-on-postgresql.md").read_text("utf-8")


@dataclass
class Both:
    """The same database with and without the pooler; ``console`` is where PgBouncer itself is spoken to."""

    url: str
    console: str
    home: House
    direct: Server
    pooled: tuple[Server, Server]
    app: Client


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with ExitStack() as stack:
        try:
            # A time zone that is not Django's: the one session setting that Django itself makes at each connection.
            settings = ("shared_preload_libraries=pg_stat_statements", "timezone=Pacific/Chatham")
            url = stack.enter_context(services.postgresql(settings=settings))
            through = stack.enter_context(services.pgbouncer(url))
        except services.NotInstalled as missing:
            pytest.skip(str(missing))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            limits = re.findall(r"^ALTER ROLE gatehouse SET .*;$", GUIDE, re.MULTILINE)
            assert len(limits) == 3
            for limit in limits:
                connection.execute(limit)
        home = stack.enter_context(house(through, **POOLED))
        made = home.seeder("client")
        straight = {"DATABASE_URL": url, "DATABASE_POOLER": "none"}
        direct = stack.enter_context(home.server(workers=1, **straight))
        pooled = stack.enter_context(home.server()), stack.enter_context(home.server())
        yield Both(
            url,
            through.replace("/postgres", "/pgbouncer"),
            home,
            direct,
            pooled,
            Client(made["client_id"], made["client_secret"]),
        )


def walk(both: Both, ports: list[int], n: int) -> None:
    """Code, introspection and refresh, many at once; each works."""
    codes = both.home.seeder("codes", client_id=both.app.client_id, n=n)
    form = both.app.form
    redeemed = storm(
        ports,
        [
            form("/oauth/token", grant_type="authorization_code", code=one["code"], code_verifier=one["code_verifier"])
            for one in codes
        ],
    )
    assert {answer.status for answer in redeemed} == {200}, redeemed
    tokens = [answer.json() for answer in redeemed]
    asked = storm(ports, [form("/oauth/introspect", token=one["access_token"]) for one in tokens])
    assert [answer.json()["active"] for answer in asked] == [True] * n
    again = storm(
        ports,
        [form("/oauth/token", grant_type="refresh_token", refresh_token=one["refresh_token"]) for one in tokens],
    )
    assert {answer.status for answer in again} == {200}, again


def statements(url: str) -> dict[str, int]:
    """What the database was asked about grants and tokens, and how often."""
    with psycopg.connect(url) as connection:
        counted = connection.execute("SELECT query, calls FROM pg_stat_statements WHERE query ILIKE '%token%'")
        asked: Counter[str] = Counter()
        for query, calls in counted:
            if "pg_stat_statements" not in query:
                # A constant is a place where the statement was parsed after the counting began, and itself where it was before.
                asked[re.sub(r"\$?\b\d+\b", "?", query)] += calls
        connection.execute("SELECT pg_stat_statements_reset()")
    return dict(asked)


@pytest.mark.storm
def test_codes_refreshes_and_introspection_work_on_shared_connections(both: Both) -> None:
    """Two servers of two processes; six rounds, so that a statement that would be prepared would have been."""
    for _ in range(6):
        walk(both, [server.port for server in both.pooled], 16)


@pytest.mark.storm
def test_a_request_asks_the_database_no_more_than_without_a_pooler(both: Both) -> None:
    for port in (both.direct.port, both.pooled[0].port):
        walk(both, [port], 8)  # every process knows the client and its keys
    statements(both.url)
    # One after the other: those that come at once share statements, as many as happen to be there.
    for _ in range(4):
        walk(both, [both.direct.port], 1)
    directly = statements(both.url)
    for _ in range(4):
        walk(both, [both.pooled[0].port], 1)
    assert statements(both.url) == directly
    assert len(directly) > 3


@pytest.mark.storm
def test_keys_rotate_and_old_rows_are_deleted_through_the_pooler(both: Both) -> None:
    """Two rotations at once: the lock between them lives as long as its transaction, not as its session."""
    commands = [[sys.executable, "manage.py", *words] for words in (["rotate_keys", "--now"],) * 2 + (["clean_up"],)]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env=both.home.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in commands
    ]
    told = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    walk(both, [server.port for server in both.pooled], 4)


@pytest.mark.storm
def test_a_lock_that_nobody_lets_go_is_an_outage_and_no_wait(both: Both) -> None:
    """Design rule 9, for those that wait for the lock as for those that find no connection free meanwhile.

    The limits that start-up options would set hold when the role has them.
    """
    owned = both.home.seeder("tokens", client_id=both.app.client_id, n=4)
    asked = [
        both.app.form("/oauth/token", grant_type="refresh_token", refresh_token=one["refresh_token"]) for one in owned
    ]
    with psycopg.connect(both.console, autocommit=True) as console:
        console.execute("SET query_wait_timeout = 3")
    with psycopg.connect(both.url) as holder:
        holder.execute("SET lock_timeout = 0")
        holder.execute("SELECT 1 FROM oauth_server_refreshtoken FOR UPDATE")
        answers = storm([server.port for server in both.pooled], asked)
        assert {(answer.status, answer.error) for answer in answers} == {(503, "temporarily_unavailable")}
        assert all(answer.headers["retry-after"].isdecimal() for answer in answers)
    with psycopg.connect(both.console, autocommit=True) as console:
        console.execute("SET query_wait_timeout = 120")
    assert [ask(both.pooled[0].port, one).status for one in asked] == [200] * 4


def test_nothing_of_a_session_is_asked_for_behind_a_transaction_pooler() -> None:
    pooled = database("postgres://gatehouse@pooler:6432/gatehouse?sslmode=require", Path("/data"), "transaction")
    assert pooled["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert not {"options", "prepare_threshold", "assume_role", "isolation_level"} & pooled["OPTIONS"].keys()
    assert pooled["OPTIONS"]["connect_timeout"] <= 5
    assert pooled["OPTIONS"]["sslmode"] == "require"


def test_a_pooler_that_is_unknown_or_stands_before_sqlite_stops_the_start() -> None:
    with pytest.raises(BadSetting, match="DATABASE_POOLER is malformed"):
        load({"DATABASE_POOLER": "session"})
    with pytest.raises(BadSetting, match="needs a DATABASE_URL of PostgreSQL"):
        database("", Path("/data"), "transaction")
