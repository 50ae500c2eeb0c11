"""The kit asks the issuer about tokens (RFC 7662)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from oauth_server.protocol.errors import InsufficientScope, InvalidToken, TemporarilyUnavailable
from oauth_server.resource_server.introspect import Introspection
from oauth_server.resource_server.verify import TokenVerifier
from tests.support.issuer import AUDIENCE, ISSUER, NOW, Clock, Issuer


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    issuer.tokens["good"] = {"active": True, "token_type": "Bearer", **issuer.claims()}
    return TokenVerifier.introspecting(
        ISSUER, AUDIENCE, client_id="notes api", client_secret="a+b:c", client=issuer.client
    )


def test_an_opaque_token_says_who_calls(verifier: TokenVerifier, issuer: Issuer) -> None:
    """RFC 7662 §2.2; the caller's credentials are form-encoded first (RFC 6749 §2.3.1)."""
    assert verifier.verify("good", NOW, ["notes:read"]).subject == "alice"
    scheme, _, value = issuer.authorization[0].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"notes+api:a%2Bb%3Ac")


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"active": "true"},
        {"token_type": "refresh_token"},
        {"token_type": "DPoP", "cnf": {"jkt": "x"}},
        {"cnf": {"x5t#S256": "x"}},
        {"aud": "https://mail.example"},
        {"iss": "https://other.example"},
        {"exp": int(NOW.timestamp())},
        {"exp": None},
    ],
    ids=str,
)
def test_an_answer_that_does_not_fit_this_api_is_a_refusal(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    """RFC 7662 §4: the resource server judges audience and times itself."""
    issuer.tokens["good"].update(changes)
    with pytest.raises(InvalidToken):
        verifier.verify("good", NOW)


def test_nothing_is_remembered_unless_asked_for(verifier: TokenVerifier, issuer: Issuer) -> None:
    """RFC 7662 §4: caching trades freshness for speed, so it is off by default."""
    verifier.verify("good", NOW)
    issuer.tokens["good"]["active"] = False
    with pytest.raises(InvalidToken):
        verifier.verify("good", NOW)


def test_a_cached_answer_is_asked_again_after_its_seconds_and_its_scope_every_time(
    issuer: Issuer, clock: Clock
) -> None:
    """RFC 7662 §4: only active answers are kept, and only their authenticity: scope and expiry are judged at each use."""
    issuer.tokens["good"] = {"active": True, **issuer.claims()}
    source = Introspection(ISSUER, "api", "secret", issuer.client, cache_seconds=5, clock=clock)
    verifier = TokenVerifier(ISSUER, AUDIENCE, source)
    verifier.verify("good", NOW, ["notes:read"])
    verifier.verify("good", NOW, ["notes:read"])
    assert issuer.asked.count("/introspect") == 1
    with pytest.raises(InsufficientScope):
        verifier.verify("good", NOW, ["notes:delete"])
    for _ in range(2):
        with pytest.raises(InvalidToken):
            verifier.verify("unknown", NOW)
    assert issuer.asked.count("/introspect") == 3
    issuer.tokens["good"]["active"] = False
    clock.now += 5
    with pytest.raises(InvalidToken):
        verifier.verify("good", NOW)


def test_an_issuer_that_is_away_is_an_outage(verifier: TokenVerifier, issuer: Issuer) -> None:
    issuer.is_away = True
    with pytest.raises(TemporarilyUnavailable):
        verifier.verify("good", NOW)
