"""K-04 and K-05 by what comes of them: every sign-out reaches its client, whatever was killed on the way. Figures alone, for the report."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import closing
from typing import Final

from tests.faults.ledger import Ledger
from tests.support import services
from tests.support.crash import Crashable
from tests.support.effects import LOOPBACK, claims, participants, until
from tests.support.receiver import Receiver, receiver
from tests.support.server import house
from tests.support.workers import worker

BROKER: Final = "K-04 effects while the broker is away"
WORKER: Final = "K-05 effects of workers that are killed"
_PATIENCE_SECONDS: Final = 600.0
# A worker that is killed while it waits for the client's answer has done the effect and not noted it.
_ANSWER_SECONDS: Final = 0.3


def _told(name: str, party: Receiver, expected: list[str], ledger: Ledger) -> str:
    """What arrived: lost ones and doubled ones count against the server, the same one again under its own name does not."""
    came = [claims(token) for token in party.tokens]
    names = {(said["sid"], said["jti"]) for said in came}
    lost = set(expected) - {sid for sid, _ in names}
    doubled = [sid for sid, times in Counter(sid for sid, _ in names).items() if times > 1]
    for what, which in (("lost", lost), ("twice", doubled)):
        for sid in which:
            ledger.note(what, f"{name}: {sid}")
    again = len(came) - len(names)
    return f"of {len(expected):,} sign-outs {len(lost)} lost, {len(doubled)} twice, {again} delivered again under the same jti"


def broker_away(ledger: Ledger, effects: int = 1_000, seconds: float = 600.0) -> str:
    """The broker is killed, people sign out, it stays away; then it comes back.

    Args:
        ledger: what must not be is written there.
        effects: how many sign out.
        seconds: how long it is away.
    """
    with (
        services.postgresql() as url,
        services.redis() as queue,
        receiver() as party,
        house(url, BROKER_URL=queue, OUTBOUND_ALLOW=LOOPBACK) as home,
        closing(Crashable(queue, "redis-server")) as broker,
    ):
        ended = participants(home, party, effects)
        with worker(home.environment, home.folder):
            broker.crash(signal.SIGKILL)
            gone, slowest = time.monotonic(), 0.0
            for sid in ended:
                begun = time.monotonic()
                home.seeder("end_session", sid=sid)
                slowest = max(slowest, time.monotonic() - begun)
            time.sleep(max(0.0, seconds - (time.monotonic() - gone)))
            away = time.monotonic() - gone
            broker.start()
            back = time.monotonic()
            home.seeder("nudge")
            standing = until(home, lambda now: now["done"] == effects, _PATIENCE_SECONDS)
        said = _told(BROKER, party, list(ended.values()), ledger)
    return (
        f"{BROKER}: {away:.0f} s; the slowest sign-out took {slowest:.2f} s meanwhile; {said}; {standing['waiting']} left waiting; "
        f"all delivered {time.monotonic() - back:.0f} s after it was back."
    )


def workers_killed(ledger: Ledger, times: int = 50) -> str:
    """kill -9 of a worker that waits for a client's answer, so often; then one may work in peace."""
    with services.postgresql() as url, receiver() as party, house(url, OUTBOUND_ALLOW=LOOPBACK) as home:
        ended = participants(home, party, times)
        party.pause = _ANSWER_SECONDS
        killed = 0
        for sid in ended:
            home.seeder("end_session", sid=sid)
            heard = len(party.forms)
            with worker(home.environment, home.folder) as doomed:
                home.seeder("run_out_claims")
                home.seeder("nudge")
                killed += party.wait(lambda heard=heard: len(party.forms) > heard, 60)
                os.killpg(doomed.pid, signal.SIGKILL)
        party.pause = 0
        home.seeder("run_out_claims")
        with worker(home.environment, home.folder):
            home.seeder("nudge")
            standing = until(home, lambda now: now["done"] == times, _PATIENCE_SECONDS)
        said = _told(WORKER, party, list(ended.values()), ledger)
    return f"{WORKER}: {killed} times in mid task; {said}; {standing['waiting']} left waiting."
