"""Forged, swapped and replayed ID tokens of an upstream provider open nothing (OpenID Connect Core §3.1.3.7, RFC 8725)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from identity.models import LoginSession
from oauth_server.audit import record
from oauth_server.models import AuditEvent
from tests.identity.test_upstream_sign_in import link
from tests.support.people import person
from tests.support.upstream import CLIENT_ID, SECRET, Provider, Traveller, connect

pytestmark = pytest.mark.django_db

Change = Callable[[dict[str, Any]], dict[str, Any]]


def without(*names: str) -> Change:
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


def with_(**changes: Any) -> Change:
    return lambda claims: {**claims, **changes}


CLAIMS: dict[str, Change] = {
    "no nonce": without("nonce"),
    "an empty nonce": with_(nonce=""),
    "another's nonce": with_(nonce="n" * 43),
    "no iss": without("iss"),
    "another's iss": with_(iss="https://evil.example"),
    "our iss with a slash": lambda claims: {**claims, "iss": claims["iss"] + "/"},
    "no aud": without("aud"),
    "another's aud": with_(aud="another"),
    "us and others without azp": with_(aud=[CLIENT_ID, "another"]),
    "us and others for others": with_(aud=[CLIENT_ID, "another"], azp="another"),
    "for others by azp": with_(azp="another"),
    "no exp": without("exp"),
    "expired": lambda claims: {**claims, "exp": int(time.time()) - 60},
    "no iat": without("iat"),
    "old": lambda claims: {**claims, "iat": int(time.time()) - 3_600},
    "from the future": lambda claims: {**claims, "iat": int(time.time()) + 3_600},
    "not yet": lambda claims: {**claims, "nbf": int(time.time()) + 3_600},
    "nobody": without("sub"),
    "an empty subject": with_(sub=""),
    "a long subject": with_(sub="s" * 256),
    "another access token's hash": with_(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}


def stage(there: Provider) -> None:
    connect(there)
    link(person("ada"), there)


def assert_nothing_opens(response: Any) -> None:
    assert response.status_code == 400, response.content[-2_000:]
    assert LoginSession.objects.count() == 0
    record.flush()
    assert AuditEvent.objects.filter(name="person:upstream:forged", suspicious=True).exists()


@pytest.mark.parametrize("name", CLAIMS)
def test_an_id_token_that_is_wrong_in_one_claim_is_refused(there: Provider, name: str) -> None:
    stage(there)
    there.mischief.claims = CLAIMS[name]
    assert_nothing_opens(Traveller().sign_in(there))


def _part(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def unsigned(token: str) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def by_our_secret(token: str) -> str:
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return jwt.encode(
        {"alg": "HS256", "typ": "JWT"}, payload, OctKey.import_key(SECRET.encode() + b"!" * 32), algorithms=["HS256"]
    )


def test_an_id_token_without_a_signature_is_refused_though_it_came_over_tls(there: Provider) -> None:
    """Core §3.1.3.7 (6) would let it pass; CVE-2026-28802 and others show what follows."""
    stage(there)
    there.mischief.id_token = unsigned
    assert_nothing_opens(Traveller().sign_in(there))


def test_an_id_token_keyed_with_our_secret_is_refused(there: Provider) -> None:
    """RFC 8725 §2.1: whoever learns the client secret must not be able to be anybody."""
    stage(there)
    there.mischief.id_token = by_our_secret
    assert_nothing_opens(Traveller().sign_in(there))


def test_a_key_in_the_token_itself_counts_for_nothing(there: Provider) -> None:
    """CVE-2026-27962: jwk, jku and x5u in a header are not looked at."""
    stage(there)
    own = there.new_key("mine")

    def resigned(token: str) -> str:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return there.sign(claims, key=own, jwk=own.as_dict(private=False), jku=f"{there.issuer}/evil")

    there.mischief.id_token = resigned
    assert_nothing_opens(Traveller().sign_in(there))
    assert "/evil" not in [path for path, _, _ in there.asked]


def test_a_token_of_another_kind_is_no_id_token(there: Provider) -> None:
    """RFC 8725 §3.11: a logout token, an access token by the same key."""
    stage(there)
    for typ in ("logout+jwt", "at+jwt", "secevent+jwt"):
        there.mischief.id_token = lambda token, typ=typ: there.sign(
            json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")), typ
        )
        assert_nothing_opens(Traveller().sign_in(there))


def test_an_algorithm_that_the_provider_does_not_use_is_refused(there: Provider) -> None:
    stage(there)
    there.mischief.document = lambda document: {**document, "id_token_signing_alg_values_supported": ["RS256"]}
    assert_nothing_opens(Traveller().sign_in(there))


def test_an_id_token_of_an_earlier_sign_in_is_refused(there: Provider) -> None:
    """Replay: its nonce is the earlier question's."""
    stage(there)
    stolen: list[str] = []

    def keep(token: str) -> str:
        stolen.append(token)
        return token

    there.mischief.id_token = keep
    assert Traveller().sign_in(there).status_code == 302
    LoginSession.objects.all().delete()
    there.mischief.id_token = lambda _: stolen[0]
    assert_nothing_opens(Traveller().sign_in(there))


def test_an_answer_without_an_id_token_signs_nobody_in(there: Provider) -> None:
    """An access token says nothing about who is here (Core §3.1.3.3)."""
    stage(there)
    there.mischief.token_response = lambda members: {"access_token": members["access_token"], "token_type": "Bearer"}
    assert_nothing_opens(Traveller().sign_in(there))


def test_userinfo_of_somebody_else_is_refused(there: Provider) -> None:
    """Core §5.3.2: token substitution."""
    stage(there)
    there.lean = True
    there.mischief.userinfo = lambda claims: {**claims, "sub": "mallory"}
    assert_nothing_opens(Traveller().sign_in(there))


@pytest.mark.parametrize(
    "octets", [b"", b"null", b"[]", b'{"a":' * 50_000, b'{"id_token":"x","id_token":"y"}', b"\xff", b'{"id_token":1}']
)
def test_a_token_endpoint_that_answers_nonsense_is_an_error_and_no_crash(there: Provider, octets: bytes) -> None:
    stage(there)
    there.mischief.octets = octets
    assert Traveller().sign_in(there).status_code == 400
    assert LoginSession.objects.count() == 0
