"""The ground that races are run on: two servers of several processes each, and the storms as functions of N.

The tests assert what these functions count; ``python -m tests.races.report`` prints it for larger N.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.races.storm import Answer, Client, ask, storm
from tests.support.server import House, Server

GRACE_SECONDS = 30
OFFLINE = "openid profile offline_access"


def verdicts(answers: Iterable[Answer]) -> Counter[str]:
    """How often each outcome came: ``200``, or ``400 invalid_grant`` and its like."""
    return Counter(f"{answer.status} {answer.error}".strip() for answer in answers)


@dataclass
class Race:
    """A house with two servers on one database, and who asks them.

    Attributes:
        house: folder, database, seeder.
        server: without a retry grace.
        graceful: the same with REFRESH_RETRY_GRACE_LIFETIME.
        app: a confidential client.
        other: another one.
        lasting: one whose offline access survives the sign-out.
    """

    house: House
    server: Server
    graceful: Server
    app: Client
    other: Client
    lasting: Client

    @classmethod
    def begin(cls, house: House, stack: ExitStack, workers: int = 2) -> Race:
        """Start the servers; they end with ``stack``."""
        # The window must hold a whole storm on a busy machine; what comes late is made to look late by the seeder.
        changes = {"CODE_REPLAY_WINDOW_LIFETIME": "30", "LOG_LEVEL": "error", "OUTBOUND_ALLOW": "127.0.0.0/8"}
        server = stack.enter_context(house.server(workers=workers, **changes))
        grace = changes | {"REFRESH_RETRY_GRACE_LIFETIME": str(GRACE_SECONDS)}
        graceful = stack.enter_context(house.server(workers=workers, **grace))
        made = [house.seeder("client", offline_access_survives_logout=survives) for survives in (False, False, True)]
        return cls(house, server, graceful, *(Client(one["client_id"], one["client_secret"]) for one in made))

    def seed(self, do: str, **arguments: Any) -> Any:
        return self.house.seeder(do, **arguments)

    def code(self, **how: Any) -> dict[str, Any]:
        made: list[dict[str, Any]] = self.seed("codes", **{"client_id": self.app.client_id, **how})
        return made[0]

    def tokens(self, n: int = 1, **how: Any) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = self.seed("tokens", client_id=self.app.client_id, n=n, **how)
        return made

    def redemption(self, code: dict[str, Any], client: Client | None = None) -> bytes:
        return (client or self.app).form(
            "/oauth/token",
            grant_type="authorization_code",
            code=code["code"],
            code_verifier=code["code_verifier"],
        )

    def refreshing(self, token: str, client: Client | None = None) -> bytes:
        return (client or self.app).form("/oauth/token", grant_type="refresh_token", refresh_token=token)

    def refresh(self, token: str, client: Client | None = None, server: Server | None = None) -> Answer:
        return ask((server or self.server).port, self.refreshing(token, client))

    def is_live(self, token: str) -> bool:
        """What introspection says, asked by the owner."""
        answer = ask(self.server.port, self.app.form("/oauth/introspect", token=token))
        assert answer.status == 200, answer
        return bool(answer.json()["active"])

    def live(self, tokens: Iterable[str], owner: Client | None = None) -> set[str]:
        """The tokens that introspection calls active."""
        asked = [token for token in dict.fromkeys(tokens) if token]
        requests = [(owner or self.app).form("/oauth/introspect", token=token) for token in asked]
        answers = storm(self.server.port, requests) if requests else []
        assert all(answer.status == 200 for answer in answers), verdicts(answers)
        return {token for token, answer in zip(asked, answers, strict=True) if answer.json()["active"]}

    def redeem_at_once(self, n: int) -> tuple[Counter[str], dict[str, int], dict[str, Any], dict[str, Any]]:
        """N redemptions of one code: outcomes, rows, the winner's tokens, the code."""
        code = self.code()
        answers = storm(self.server.port, [self.redemption(code)] * n)
        won = next((answer.json() for answer in answers if answer.status == 200), {})
        return verdicts(answers), self.seed("rows", user=code["user"]), won, code

    def late_replay_leaves(self, code: dict[str, Any], won: dict[str, Any]) -> set[str]:
        """Replay a code that looks old; what of the winner's tokens lives on."""
        ask(self.server.port, self.redemption(code))
        return self.live([won["access_token"], won["refresh_token"]])

    def refresh_at_once(self, n: int, server: Server) -> tuple[Counter[str], set[str], set[str]]:
        """N refreshes of one token: outcomes, the successors handed out, and those of them that live."""
        token = self.tokens()[0]["refresh_token"]
        answers = storm(server.port, [self.refreshing(token)] * n)
        successors = {answer.json()["refresh_token"] for answer in answers if answer.status == 200}
        return verdicts(answers), successors, self.live(successors)

    def pair(self, first: bytes, beside: Callable[[], Any] | bytes) -> list[Answer]:
        """A request and something else at the same moment; every answer."""
        if isinstance(beside, bytes):
            return storm(self.server.port, [first, beside])
        return storm(self.server.port, [first], beside=beside)


def issued(answers: Iterable[Answer]) -> list[str]:
    """Every token that these answers gave."""
    given = []
    for answer in answers:
        if answer.status == 200 and answer.body not in {b"{}", b""}:
            members = answer.json()
            given += [members.get("access_token", ""), members.get("refresh_token", "")]
    return [token for token in given if token]
