"""OpenID Connect Core 1.0 §2: what every ID token says, and what none does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from django.utils import timezone
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from identity.models import User
from tests.support.front_channel import Browser, answer, claims_of, exchange
from tests.support.parties import Http, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]


def read(text: str) -> Any:
    """The token, verified by joserfc with the published keys."""
    keys = KeySet.import_key_set(Http().get("/oauth/jwks").json())
    return jwt.decode(text, keys, algorithms=["RS256", "ES256", "PS256", "Ed25519"])


def test_another_library_finds_every_required_claim(app: Party, redeem: Redeem) -> None:
    """§2, §3.1.3.7: iss, sub, aud, exp and iat; Authlib judges them as a relying party must."""
    tokens = redeem(app)
    decoded = read(tokens["id_token"])
    options = {
        "iss": {"essential": True, "value": settings.ISSUER},
        "aud": {"essential": True, "value": app.client_id},
    }
    checked = {"client_id": app.client_id, "nonce": "n-0S6_WzA2Mj", "access_token": tokens["access_token"]}
    claims = CodeIDToken(decoded.claims, decoded.header, options, checked)
    claims.validate(leeway=0)
    assert claims["exp"] - claims["iat"] == settings.LIFETIMES.id_token
    assert all(isinstance(claims[name], int) for name in ("exp", "iat", "auth_time"))


@pytest.mark.parametrize("subject_type", ["public", "pairwise"])
def test_a_subject_is_short_ascii(make_client: Callable[..., Party], redeem: Redeem, subject_type: str) -> None:
    """§2 sub: it MUST NOT exceed 255 ASCII characters."""
    subject = read(redeem(make_client(subject_type=subject_type))["id_token"]).claims["sub"]
    assert subject.isascii()
    assert 0 < len(subject) <= 255


@pytest.mark.parametrize("subject_type", ["public", "pairwise"])
def test_a_subject_is_never_given_to_somebody_else(
    make_client: Callable[..., Party], browser: Browser, subject_type: str
) -> None:
    """§2, §5.7: never reassigned, although the username and the address are."""
    app, seen = make_client(subject_type=subject_type), set()
    for _ in range(3):
        somebody = User.objects.create_user("again", "again@example.org", "correct horse battery")
        code = answer(browser.walk(browser.authorize(app, prompt="login"), somebody))["code"]
        seen.add(claims_of(exchange(app, code))["sub"])
        somebody.delete()
    assert len(seen) == 3


@pytest.mark.parametrize(
    "nonce",
    ["n", "NoNce", " n ", "n" * 255, "a b+c%20&d=e#f", "ключ", "e\u0301", "\u00e9", '"}\\', "0", "null", "%00", "<&>"],
)
def test_a_nonce_comes_back_unchanged(app: Party, browser: Browser, person: User, nonce: str) -> None:
    """§2, §3.1.2.1 nonce: passed through unmodified, with no other processing; §14: no normalisation."""
    code = answer(browser.walk(browser.authorize(app, nonce=nonce), person))["code"]
    assert claims_of(exchange(app, code))["nonce"] == nonce


def test_without_a_nonce_there_is_none(app: Party, browser: Browser, person: User) -> None:
    """§2 nonce: in the code flow it is optional, and an absent claim is left out."""
    code = answer(browser.walk(browser.authorize(app, nonce=None), person))["code"]
    assert "nonce" not in claims_of(exchange(app, code))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "Ed25519"])
def test_its_header_names_a_published_key_and_carries_none(
    make_client: Callable[..., Party], redeem: Redeem, alg: str
) -> None:
    """§2: x5u, x5c, jku and jwk SHOULD NOT be used; §10.1: kid MUST be there when the set has several keys."""
    header = read(redeem(make_client(id_token_signed_response_alg=alg))["id_token"]).header
    assert set(header) == {"alg", "typ", "kid"}
    published = {key["kid"]: key for key in Http().get("/oauth/jwks").json()["keys"]}
    assert (published[header["kid"]]["use"], published[header["kid"]]["alg"]) == ("sig", alg)


def test_what_is_not_known_is_left_out(make_client: Callable[..., Party], redeem: Redeem) -> None:
    """§2, §13.3: omitted, and neither null nor empty."""
    app = make_client(id_token_claims=True)
    claims = read(redeem(app, "openid profile email phone address")["id_token"]).claims
    assert claims["name"]
    assert not [name for name, value in claims.items() if value in (None, "", [], {})]
    assert not {"phone_number", "address", "nickname"} & claims.keys()


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_it_is_never_unsigned(make_client: Callable[..., Party], redeem: Redeem, method: str) -> None:
    """§2, §3.1.3.7 item 7: signed with RS256 unless registered otherwise; alg none is not offered (RFC 8725 §3.2)."""
    token = redeem(make_client(token_endpoint_auth_method=method))["id_token"]
    assert jws.extract_compact(token.encode()).headers()["alg"] == "RS256"
    assert "none" not in json.dumps(
        Http().get("/.well-known/openid-configuration").json()["id_token_signing_alg_values_supported"]
    )


def test_a_refreshed_one_has_a_new_time_and_no_nonce(app: Party, redeem: Redeem) -> None:
    """§12.2: iat MUST be the time of issue; auth_time stays; nonce SHOULD NOT be there; aud, iss and sub are the same."""
    tokens = redeem(app)
    first = read(tokens["id_token"]).claims
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        fresh = app.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
        second = read(fresh["id_token"]).claims
        assert second["iat"] == int(timezone.now().timestamp())
    assert "nonce" not in second
    assert {name: second[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: first[name] for name in ("iss", "sub", "aud", "auth_time")
    }
    assert "azp" not in second
