"""The faults: each a context that gives the stand and the deed, so that tests do it once and the report many times."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.faults.stand import Stand
from tests.support import services
from tests.support.balancer import balancer
from tests.support.crash import Crashable
from tests.support.server import house
from tests.support.workers import worker

Fault = tuple[Stand, Callable[[], None]]


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


@contextmanager
def web_process() -> Iterator[Fault]:
    """K-01: kill -9 of one of two web processes of a server."""
    with services.postgresql() as url, house(url, WEB_WORKERS="2") as home, home.server() as server:

        def kill() -> None:
            # The first child of a server that spawns is Python's resource tracker; the youngest serves.
            os.kill(children(server.process.pid)[-1], signal.SIGKILL)
            # Its successor is asked to stand before the next one dies: two at once are a crash loop, which ends the server.
            time.sleep(6)

        yield Stand.of(home, server), kill


@contextmanager
def celery_worker() -> Iterator[Fault]:
    """K-05: kill -9 of the worker, which no request waits for."""
    with services.postgresql() as url, house(url) as home, home.server() as server, ExitStack() as stack:

        def kill() -> None:
            running = stack.enter_context(worker(home.environment, home.folder))
            time.sleep(3)
            os.killpg(running.pid, signal.SIGKILL)

        yield Stand.of(home, server), kill


@contextmanager
def rolling_restart() -> Iterator[Fault]:
    """K-06: behind a balancer one node after the other ends by SIGTERM and comes again, while a migration widens a hot table."""
    with ExitStack() as stack:
        url = stack.enter_context(services.postgresql())
        home = stack.enter_context(house(url))
        nodes = [stack.enter_context(ExitStack()) for _ in range(2)]
        ports = [node.enter_context(home.server(workers=1)).port for node in nodes]
        front = stack.enter_context(balancer(ports))
        columns = iter(f"later_{number}" for number in range(1_000))

        def deed() -> None:
            for node, port in zip(nodes, ports, strict=True):
                # Old code beside the new schema: what the first half of each change does (expand, then contract).
                with psycopg.connect(url, autocommit=True) as connection:
                    column = sql.Identifier(next(columns))
                    connection.execute(
                        sql.SQL("ALTER TABLE oauth_server_refreshtoken ADD COLUMN {} text NULL").format(column)
                    )
                    connection.execute(
                        sql.SQL("CREATE INDEX CONCURRENTLY ON oauth_server_refreshtoken ({})").format(column)
                    )
                node.close()
                node.enter_context(home.server(workers=1, port=port))

        yield Stand.of(home, front), deed


@contextmanager
def redis() -> Iterator[Fault]:
    """K-03: kill -9 of the cache that counts the limits, and its return."""
    with (
        services.postgresql() as url,
        services.redis() as cache,
        house(url, CACHE_URL=cache, THROTTLES="on") as home,
        home.server() as server,
        closing(Crashable(cache, "redis-server")) as there,
    ):
        yield Stand.of(home, server), _away_for(there, signal.SIGKILL, 2)


@contextmanager
def broker() -> Iterator[Fault]:
    """K-04: kill -9 of the broker, and its return."""
    with (
        services.postgresql() as url,
        services.redis() as queue,
        house(url, BROKER_URL=queue) as home,
        home.server() as server,
        closing(Crashable(queue, "redis-server")) as there,
    ):
        yield Stand.of(home, server), _away_for(there, signal.SIGKILL, 2)


@contextmanager
def postgresql_crash() -> Iterator[Fault]:
    """K-02: PostgreSQL goes down at once, what is not in its journal is lost, and comes back."""
    with (
        services.postgresql() as url,
        house(url) as home,
        home.server() as server,
        closing(Crashable(url, "postgres")) as there,
    ):
        yield Stand.of(home, server), _away_for(there, signal.SIGQUIT, 1)


@contextmanager
def postgresql_killed() -> Iterator[Fault]:
    """K-02: kill -9 of PostgreSQL's main process, and its return."""
    with (
        services.postgresql() as url,
        house(url) as home,
        home.server() as server,
        closing(Crashable(url, "postgres")) as there,
    ):
        yield Stand.of(home, server), _away_for(there, signal.SIGKILL, 1)


@contextmanager
def failover() -> Iterator[Fault]:
    """Two web nodes; the primary is killed for good and its synchronous standby promoted. It can be done once."""
    with ExitStack() as stack:
        primary = stack.enter_context(services.postgresql())
        standby = stack.enter_context(services.standby(primary))
        with psycopg.connect(primary, autocommit=True) as connection:
            # Not before the standby was copied: promoted, it would wait for one of its own.
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            states = "SELECT array_agg(sync_state) FROM pg_stat_replication"
            services.wait_for(lambda: connection.execute(states).fetchone() == (["sync"],), "the standby")
        # Both are named, and whichever takes writes is used (libpq's variables).
        both = {
            "PGHOST": "127.0.0.1,127.0.0.1",
            "PGPORT": ",".join(str(urlsplit(url).port) for url in (primary, standby)),
            "PGUSER": "gatehouse",
            "PGTARGETSESSIONATTRS": "read-write",
        }
        home = stack.enter_context(house("postgres:///postgres", **both))
        nodes = [stack.enter_context(home.server(workers=1)) for _ in range(2)]
        doomed = stack.enter_context(closing(Crashable(primary, "postgres")))

        def deed() -> None:
            doomed.crash(signal.SIGKILL)
            with psycopg.connect(standby, autocommit=True) as connection:
                assert connection.execute("SELECT pg_promote()").fetchone() == (True,)

        yield Stand.of(home, *nodes), deed


def _away_for(there: Crashable, how: signal.Signals, seconds: float) -> Callable[[], None]:
    def deed() -> None:
        there.crash(how)
        time.sleep(seconds)
        there.start()

    return deed


# What the report calls it → the fault; and whether no request may notice.
FAULTS: Final[dict[str, tuple[Callable[[], AbstractContextManager[Fault]], bool]]] = {
    "K-01 kill -9 of a web process": (web_process, False),
    "K-02 PostgreSQL shut down at once": (postgresql_crash, False),
    "K-02 kill -9 of PostgreSQL": (postgresql_killed, False),
    "the standby is promoted": (failover, False),
    "K-03 kill -9 of Redis": (redis, True),
    "K-04 kill -9 of the broker": (broker, True),
    "K-05 kill -9 of the worker": (celery_worker, True),
    "K-06 rolling restart and a migration": (rolling_restart, True),
}
