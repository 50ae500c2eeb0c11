"""Clients that redeem, refresh and revoke while something breaks, and write down what they were told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tests.faults.ledger import Grant, Ledger
from tests.races.storm import Answer, Client, storm
from tests.support.services import wait_for

CLIENTS: Final = 4
# A client that is told to come back in two seconds would make a fault look longer than it was.
_PAUSE_SECONDS: Final = 0.02
_REFRESHES: Final = 4


def _once(port: int, octets: bytes) -> Answer | None:
    """One request on a connection of its own; nothing when it got no whole answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(octets.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            whole = b"".join(iter(lambda: connection.recv(65_536), b""))
    except OSError:
        return None
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/"):
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if len(body) < int(headers.get("content-length", 0)):
        return None
    return Answer(int(first.split()[1]), headers, body)


class Traffic:
    """Threads that each carry one grant at a time through its life: code, refreshes, and for every other one revocation.

    Args:
        ports: of the servers, asked in turn.
        app: whose grants they are.
        codes: fresh ones, as the seeder makes them.
        ledger: where it is written down.
        stored: how many refresh tokens the database knows of a person.
    """

    def __init__(
        self,
        ports: Sequence[int],
        app: Client,
        codes: Sequence[dict[str, Any]],
        ledger: Ledger,
        stored: Callable[[str], int],
    ) -> None:
        self._ports = ports
        self._app = app
        self._codes = iter(codes)
        self.ledger = ledger
        self._stored = stored
        self._next = threading.Lock()
        self._turn = 0
        self._stopped = threading.Event()

    def _take(self) -> Grant | None:
        with self._next:
            code = next(self._codes, None)
            if code is None:
                return None
            grant = Grant(code["user"], code["code"], code["code_verifier"])
            self.ledger.grants.append(grant)
            return grant

    def _port(self) -> int:
        with self._next:
            self._turn += 1
            return self._ports[self._turn % len(self._ports)]

    def _until_answered(self, grant: Grant, octets: bytes) -> Answer | None:
        """Ask again until there is a clear answer; nothing when the traffic ended first, or the grant is no more."""
        while not self._stopped.is_set():
            time.sleep(_PAUSE_SECONDS)
            begun = time.monotonic()
            answer = _once(self._port(), octets)
            if answer is None:
                self.ledger.note("unanswered")
            elif answer.status == 503 and answer.headers.get("retry-after", "").isdecimal():
                self.ledger.note("outage")
            elif answer.status == 200:
                self.ledger.note("acknowledged", took=time.monotonic() - begun)
                return answer
            elif answer.error == "invalid_grant" and grant.doubtful:
                # The server had done it, and the answer got lost: RFC 6749 knows no better than to start anew.
                grant.stuck = True
                self.ledger.note("stuck")
                return None
            else:
                kind = "lost" if answer.error == "invalid_grant" else "wrong"
                grant.stuck = True
                self.ledger.note(kind, f"{answer.status} {answer.body[:200]!r}")
                return None
            grant.doubtful = True
        return None

    def _live(self, grant: Grant, number: int) -> None:
        answer = self._until_answered(grant, redemption(self._app, grant))
        for _ in range(_REFRESHES):
            if answer is None:
                return
            # What came with a clear answer is beyond doubt, whatever happened before.
            if grant.live:
                grant.spent.append(grant.live)
            grant.doubtful = False
            grant.live, grant.access = answer.json()["refresh_token"], answer.json()["access_token"]
            answer = self._until_answered(grant, refresh(self._app, grant.live))
        if answer is None:
            return
        grant.spent.append(grant.live)
        grant.doubtful = False
        grant.live, grant.access = answer.json()["refresh_token"], answer.json()["access_token"]
        if number % 2:
            revocation = self._app.form("/oauth/revoke", token=grant.live)
            grant.revoked = self._until_answered(grant, revocation) is not None
            grant.doubtful = grant.doubtful and not grant.revoked

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set() and (grant := self._take()):
            number += 1
            self._live(grant, number)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Traffic, until the block ends."""
        begun = time.monotonic()
        threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()
            self.ledger.seconds += time.monotonic() - begun

    def goes_on(self, answers: int = 60) -> None:
        """Wait until that many more requests were acknowledged."""
        goal = self.ledger.number("acknowledged") + answers
        wait_for(lambda: self.ledger.number("acknowledged") >= goal, "the traffic")

    def hold(self, port: int) -> None:
        """Hold the ledger against the server: what lives, what is dead, and whether anything is accepted twice."""
        clear = [grant for grant in self.ledger.grants if grant.live and not grant.stuck and not grant.doubtful]
        standing = [grant for grant in clear if not grant.revoked]
        ask = self._introspect(port)
        for grant, active in zip(standing, ask([grant.live for grant in standing]), strict=True):
            if not active:
                self.ledger.note("lost", f"{grant.live} after {len(grant.spent)} refreshes")
        self._account_for([grant for grant in self.ledger.grants if grant not in standing])
        ended = [token for grant in clear if grant.revoked for token in (grant.live, grant.access)]
        for token, active in zip(ended, ask(ended), strict=True):
            if active:
                self.ledger.note("resurrected", token)
        # Only now: a replay ends the family.
        used = [redemption(self._app, grant) for grant in clear]
        used += [refresh(self._app, token) for grant in clear for token in grant.spent[-2:]]
        used += [refresh(self._app, grant.live) for grant in clear if grant.revoked]
        for answer in _in_batches(port, used):
            if answer.error != "invalid_grant":
                self.ledger.note("twice" if answer.status == 200 else "wrong", f"{answer.status} {answer.body[:200]!r}")
        # What was replayed is dead, and another round must not wonder why.
        self.ledger.grants.clear()

    def _account_for(self, grants: Sequence[Grant]) -> None:
        """A client that is stuck may have asked twice for one thing; it may not have been told of what is not there."""
        for grant in grants:
            stored, told = self._stored(grant.user), len(grant.spent) + bool(grant.live)
            if stored < told:
                self.ledger.note("lost", f"{grant.live}, which was never stored")
            for _ in range(stored - told):
                self.ledger.note("ghosts")

    def _introspect(self, port: int) -> Callable[[list[str]], list[bool]]:
        def ask(tokens: list[str]) -> list[bool]:
            asked = [self._app.form("/oauth/introspect", token=token) for token in tokens]
            return [bool(answer.json()["active"]) for answer in _in_batches(port, asked)]

        return ask


def redemption(app: Client, grant: Grant) -> bytes:
    """The request that exchanges a code."""
    return app.form("/oauth/token", grant_type="authorization_code", code=grant.code, code_verifier=grant.verifier)


def refresh(app: Client, token: str) -> bytes:
    """The request that exchanges a refresh token."""
    return app.form("/oauth/token", grant_type="refresh_token", refresh_token=token)


def _in_batches(port: int, asked: list[bytes], size: int = 16) -> Iterator[Answer]:
    for start in range(0, len(asked), size):
        yield from storm(port, asked[start : start + size])
