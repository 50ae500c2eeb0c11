"""The kit verifies access tokens by the issuer's published keys (RFC 9068 §4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt

from oauth_server.protocol.errors import InsufficientScope, InvalidToken, TemporarilyUnavailable
from oauth_server.resource_server.jwks import PublishedKeys
from oauth_server.resource_server.verify import Offline, TokenVerifier
from tests.support.issuer import AUDIENCE, ISSUER, NOW, Clock, Issuer


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> PublishedKeys:
    return PublishedKeys(ISSUER, issuer.client, clock=clock)


@pytest.fixture
def verifier(keys: PublishedKeys) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, Offline(ISSUER, keys))


def test_a_token_for_this_api_says_who_calls_and_what_for(verifier: TokenVerifier, issuer: Issuer) -> None:
    """RFC 9068 §4."""
    token = verifier.verify(issuer.sign(), NOW, ["notes:read"])
    assert (token.subject, token.client_id) == ("alice", "app")
    assert token.has(["notes:write"])
    assert not token.has(["notes:delete"])


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "https://mail.example"},
        {"aud": None},
        {"aud": [f"{AUDIENCE}/more"]},
        {"exp": int(NOW.timestamp()) - 31},
        {"exp": None},
        {"exp": "soon"},
        {"iat": int(NOW.timestamp()) + 31},
        {"sub": None},
        {"client_id": None},
        {"jti": None},
        {"scope": ["notes:read"]},
        {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_here_and_now_is_refused(
    verifier: TokenVerifier, issuer: Issuer, changes: dict[str, Any]
) -> None:
    """RFC 9068 §2.2 and §4, RFC 8707 §3; a bound token without its proof: RFC 9449 §7.2."""
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.sign(**changes), NOW)


@pytest.mark.parametrize("typ", ["JWT", "dpop+jwt", "logout+jwt"])
def test_another_type_of_jwt_is_refused(verifier: TokenVerifier, issuer: Issuer, typ: str) -> None:
    """RFC 9068 §4: typ must be at+jwt."""
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.sign(typ=typ), NOW)


def test_type_jwt_is_accepted_where_the_api_says_so(keys: PublishedKeys, issuer: Issuer) -> None:
    """For clients registered with access_token_typ JWT; an ID token still has no client_id (RFC 9068 §5)."""
    verifier = TokenVerifier(ISSUER, AUDIENCE, Offline(ISSUER, keys, types=frozenset({"at+jwt", "JWT"})))
    assert verifier.verify(issuer.sign(typ="JWT"), NOW).subject == "alice"
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.sign(typ="JWT", client_id=None, azp="app"), NOW)


def test_a_missing_scope_is_named(verifier: TokenVerifier, issuer: Issuer) -> None:
    """RFC 6750 §3.1."""
    with pytest.raises(InsufficientScope) as refused:
        verifier.verify(issuer.sign(), NOW, ["notes:read", "notes:delete"])
    assert refused.value.scope == "notes:read notes:delete"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "gth_at_xyz", "é.é.é", "." * 1_000, "A" * 40_000])
def test_nonsense_is_refused_without_asking_anybody(verifier: TokenVerifier, issuer: Issuer, token: str) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(token, NOW)
    assert issuer.asked == []


def test_a_token_of_another_issuer_costs_no_request(verifier: TokenVerifier, issuer: Issuer) -> None:
    """Whoever sends tokens of any issuer at all must not make us ask for keys."""
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.sign(iss="https://other.example"), NOW)
    assert issuer.asked == []


def test_a_token_of_another_key_with_our_kid_is_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    """RFC 8725 §3.1: the key comes from the issuer, not from the token."""
    forged = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "one"}, issuer.claims(), issuer.new_key("one"))
    with pytest.raises(InvalidToken):
        verifier.verify(forged, NOW)


def test_the_keys_are_read_once_for_many_tokens(verifier: TokenVerifier, issuer: Issuer) -> None:
    for _ in range(5):
        verifier.verify(issuer.sign(), NOW)
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_a_new_key_is_found_and_an_invented_one_is_looked_for_once_a_minute(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    """OpenID Connect Core §10.1.1; anybody can invent a kid, so the look-ups have a pace."""
    verifier.verify(issuer.sign(), NOW)
    new = issuer.new_key("two")
    issuer.published.append(new)
    clock.now += 60
    assert verifier.verify(issuer.sign(new), NOW).subject == "alice"
    asked = len(issuer.asked)
    for number in range(20):
        with pytest.raises(InvalidToken):
            verifier.verify(issuer.sign(issuer.new_key(f"invented {number}")), NOW)
    assert len(issuer.asked) == asked


def test_the_keys_at_hand_survive_an_outage_of_the_issuer(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    verifier.verify(issuer.sign(), NOW)
    issuer.is_away = True
    clock.now += 10 * 3_600
    asked = len(issuer.asked)
    for _ in range(5):
        assert verifier.verify(issuer.sign(), NOW).subject == "alice"
    assert len(issuer.asked) == asked + 1


def test_without_any_key_yet_the_answer_is_an_outage_and_later_it_works(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    """A token that nobody can judge is not a bad token: 503, not 401."""
    issuer.is_away = True
    with pytest.raises(TemporarilyUnavailable):
        verifier.verify(issuer.sign(), NOW)
    issuer.is_away = False
    clock.now += 2
    assert verifier.verify(issuer.sign(), NOW).subject == "alice"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"jwks_uri": "http://keys.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
        {"jwks_uri": f"{ISSUER}/nowhere"},
    ],
    ids=str,
)
def test_metadata_that_could_be_forged_is_not_followed(
    verifier: TokenVerifier, issuer: Issuer, metadata: dict[str, Any]
) -> None:
    """OpenID Connect Discovery §4.3: the issuer must match; keys come by https alone."""
    issuer.metadata.update(metadata)
    with pytest.raises(TemporarilyUnavailable):
        verifier.verify(issuer.sign(), NOW)


def test_an_api_without_a_name_is_refused_at_the_start() -> None:
    """RFC 9068 §4: without an audience it would take tokens for every other API."""
    with pytest.raises(ValueError, match="audience"):
        TokenVerifier.offline(ISSUER, "")


def test_clocks_may_differ_a_little(verifier: TokenVerifier, issuer: Issuer, keys: PublishedKeys) -> None:
    """RFC 7519 §4.1.4."""
    lenient = TokenVerifier(ISSUER, AUDIENCE, Offline(ISSUER, keys), skew=30)
    token = issuer.sign()
    assert lenient.verify(token, NOW + timedelta(seconds=629)).subject == "alice"
    with pytest.raises(InvalidToken):
        lenient.verify(token, NOW + timedelta(seconds=630))
    with pytest.raises(InvalidToken):
        verifier.verify(token, NOW + timedelta(seconds=600))
