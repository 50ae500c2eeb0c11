"""Many at once: of any number of callers exactly one gets it (scorecard R-01 to R-05, R-07). Real processes, both databases."""

from __future__ import annotations

import time
import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.races.race import Race, verdicts
from tests.races.storm import Client, ask, storm

pytestmark = pytest.mark.storm

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize("n", [2, 20, 100])
def test_of_all_redemptions_of_one_code_exactly_one_succeeds_and_one_family_lives(race: Race, n: int) -> None:
    """RFC 6749 §4.1.2: a code must not be used more than once; RFC 9700 §4.5 (R-01, R-02)."""
    outcomes, rows, won, _ = race.redeem_at_once(n)
    assert outcomes == {"200": 1, "400 invalid_grant": n - 1}
    assert rows == {"families": 1, "live": 1, "access_tokens": 0, "refresh_tokens": 1, "unused": 1}
    assert race.is_live(won["access_token"])
    assert race.is_live(won["refresh_token"])


def test_a_late_replay_of_a_code_ends_what_it_issued(race: Race) -> None:
    """RFC 6749 §4.1.2: "SHOULD revoke (when possible) all tokens previously issued based on that authorization code" (R-03)."""
    _, _, won, code = race.redeem_at_once(20)
    race.seed("age_codes", user=code["user"])
    late = ask(race.server.port, race.redemption(code))
    assert (late.status, late.error) == (400, "invalid_grant")
    assert not race.live([won["access_token"], won["refresh_token"]])
    assert race.refresh(won["refresh_token"]).error == "invalid_grant"
    assert race.seed("rows", user=code["user"])["live"] == 0


def test_another_clients_late_replay_of_a_code_ends_nothing(race: Race) -> None:
    """Whoever saw a code must not be able to sign its owner out (R-03, R-05)."""
    _, _, won, code = race.redeem_at_once(2)
    race.seed("age_codes", user=code["user"])
    foreign = ask(race.server.port, race.redemption(code, race.other))
    assert (foreign.status, foreign.error) == (400, "invalid_grant")
    assert race.is_live(won["refresh_token"])


@pytest.mark.parametrize("n", [2, 20, 100])
def test_concurrent_refreshes_without_a_grace_never_leave_two_live_successors(race: Race, n: int) -> None:
    """RFC 9700 §4.14.2: one is answered, and a second use of the same token ends the family (R-04)."""
    outcomes, successors, live = race.refresh_at_once(n, race.server)
    assert outcomes == {"200": 1, "400 invalid_grant": n - 1}
    assert len(successors) == 1
    assert not live


@pytest.mark.parametrize("n", [2, 20, 100])
def test_concurrent_refreshes_within_the_grace_all_get_the_same_successor(race: Race, n: int) -> None:
    """The documented retry answer: every caller of the same client hears the same, and it lives (R-04)."""
    outcomes, successors, live = race.refresh_at_once(n, race.graceful)
    assert outcomes == {"200": n}
    assert len(successors) == 1
    assert live == successors


@pytest.mark.parametrize("generations", [1, 2, 10])
@pytest.mark.parametrize("grace", [False, True], ids=["no grace", "grace"])
def test_a_replay_of_an_old_generation_ends_the_family(race: Race, generations: int, grace: bool) -> None:
    """RFC 9700 §4.14.2; also within the grace, once the successor has been used (R-05)."""
    server = race.graceful if grace else race.server
    first = race.tokens()[0]
    lineage = [first["refresh_token"]]
    for _ in range(generations + grace):
        lineage.append(race.refresh(lineage[-1], server=server).json()["refresh_token"])
    assert race.is_live(lineage[-1])
    replay = race.refresh(lineage[-1 - generations - grace], server=server)
    assert (replay.status, replay.error) == (400, "invalid_grant")
    assert not race.live([*lineage, first["access_token"]])
    assert race.refresh(lineage[-1], server=server).error == "invalid_grant"
    assert "token:refresh:reused" in race.seed("events", user=first["user"])


def test_another_clients_replay_of_a_refresh_token_ends_nothing_and_spends_nothing(race: Race) -> None:
    """RFC 6749 §10.4: tokens are bound to their client; a thief with other credentials cannot end the family (R-05)."""
    first = race.tokens()[0]["refresh_token"]
    second = race.refresh(first).json()["refresh_token"]
    answers = storm(race.server.port, [race.refreshing(token, race.other) for token in (first, second) * 10])
    assert verdicts(answers) == {"400 invalid_grant": 20}
    assert race.is_live(second)
    assert race.refresh(second).status == 200


@pytest.mark.parametrize("attempt", range(3))
def test_a_client_assertion_counts_once(race: Race, attempt: int) -> None:
    """RFC 7523 §3, item 7: a ``jti`` is accepted once, however many arrive together (R-07)."""
    key = ECKey.generate_key("P-256", parameters={"kid": "one"})
    made = race.seed(
        "client",
        grant_types=["client_credentials"],
        response_types=[],
        scope="api",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
    )
    now, name = int(time.time()), made["client_id"]
    claims = {"iss": name, "sub": name, "aud": race.house.issuer, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
    proof = jwt.encode({"alg": "ES256", "kid": "one"}, claims, key)
    asked = Client(name).form(
        "/oauth/token", grant_type="client_credentials", client_assertion_type=ASSERTION, client_assertion=proof
    )
    time.sleep(1.1)  # until every process has looked for new clients
    answers = storm(race.server.port, [asked] * 20)
    assert verdicts(answers) == {"200": 1, "401 invalid_client": 19}
