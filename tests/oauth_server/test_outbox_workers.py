"""The outbox with real workers: two of them never deliver the same row at once, and what one leaves behind comes all the same."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from tests.support import services
from tests.support.effects import LOOPBACK, claims, participants, sids, until
from tests.support.receiver import Receiver, receiver
from tests.support.server import House, Seeder, house
from tests.support.workers import worker

pytestmark = pytest.mark.storm

MANY = 24


@pytest.fixture
def party() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def home(request: pytest.FixtureRequest) -> Iterator[House]:
    """A house with its own database and its own embedded broker."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            try:
                url = stack.enter_context(services.postgresql())
            except services.NotInstalled as missing:
                pytest.skip(str(missing))
        yield stack.enter_context(house(url, OUTBOUND_ALLOW=LOOPBACK))


def test_two_workers_share_the_rows_and_none_comes_twice(home: House, party: Receiver) -> None:
    """Each sign-out is delivered once, within seconds of it, while both workers are busy."""
    ended = participants(home, party, MANY)
    party.pause = 0.3
    with worker(home.environment, home.folder), worker(home.environment, home.folder):
        for sid in ended:
            home.seeder("end_session", sid=sid)
        standing = until(home, lambda now: now["done"] == MANY)
    assert standing == {"done": MANY, "waiting": 0, "abandoned": 0}, (home.folder / "worker.log").read_text()[-3_000:]
    assert sids(party) == Counter(ended.values())


def test_what_a_killed_worker_had_in_hand_comes_again_under_the_same_jti(home: House, party: Receiver) -> None:
    """Killed between the effect and the note: at least once, and the client can tell (scorecard K-05)."""
    [(sid, told)] = participants(home, party, 1).items()
    party.pause = 3
    with worker(home.environment, home.folder) as doomed:
        home.seeder("end_session", sid=sid)
        assert party.wait(lambda: len(party.forms) == 1, 60)
        os.killpg(doomed.pid, signal.SIGKILL)
    assert home.seeder("outbox")["waiting"] == 1
    home.seeder("run_out_claims")
    party.pause = 0
    with worker(home.environment, home.folder):
        home.seeder("nudge")
        assert until(home, lambda now: now["done"] == 1)["done"] == 1
    first, second = (claims(token) for token in party.tokens)
    assert first["jti"] == second["jti"]
    assert first["sid"] == second["sid"] == told


def test_while_the_broker_is_away_people_sign_out_and_it_comes_afterwards(home: House, party: Receiver) -> None:
    """Scorecard K-04: nothing fails, nothing waits, nothing is lost; the sweep finds the rows."""
    ended = participants(home, party, 5)
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    with house_beside(home, BROKER_URL=nobody) as without_broker:
        without_broker("outbox")
        for sid in ended:
            begun = time.monotonic()
            without_broker("end_session", sid=sid)
            assert time.monotonic() - begun < 15  # a broker that was waited for would be tried for longer
    assert home.seeder("outbox") == {"done": 0, "waiting": 5, "abandoned": 0}
    assert party.forms == []
    with worker(home.environment, home.folder):
        home.seeder("nudge")
        until(home, lambda now: now["done"] == 5)
    assert sids(party) == Counter(ended.values())


@contextmanager
def house_beside(home: House, **changes: str) -> Iterator[Callable[..., Any]]:
    """Another process on the same house, with other settings."""
    seeder = Seeder(home.environment | changes)
    try:
        yield seeder
    finally:
        with suppress(OSError):
            seeder.close()
