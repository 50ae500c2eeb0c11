"""RFC 7517 §5 and OpenID Connect Core §10.1.1 over HTTP: what others see when our keys change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.parties import Http, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]
PUBLIC = {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}


def _jwks() -> list[dict[str, Any]]:
    answer = Http().get("/oauth/jwks")
    assert answer.status_code == 200
    keys: list[dict[str, Any]] = answer.json()["keys"]
    return keys


def _header(token: str) -> dict[str, Any]:
    return jwt.decode(token, KeySet.import_key_set({"keys": _jwks()}), algorithms=["ES256", "RS256", "PS256"]).header


def _active(app: Party, token: str) -> bool:
    active: bool = app.post("/oauth/introspect", token=token).json()["active"]
    return active


@pytest.fixture
def jwt_app(make_client: Callable[..., Party]) -> Party:
    return make_client(access_token_format="jwt")


def test_the_jwks_holds_public_members_alone(jwt_app: Party) -> None:
    """RFC 7517 §4: kid, alg and use on every key; one key an algorithm, none shared."""
    keys = _jwks()
    assert {key["alg"] for key in keys if key["use"] == "sig"} == {"ES256", "RS256", "PS256", "EdDSA", "Ed25519"}
    assert {key["alg"] for key in keys if key["use"] == "enc"} == {"RSA-OAEP-256", "ECDH-ES"}
    assert all(key.keys() <= PUBLIC for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)


def test_an_emergency_is_seen_at_once_and_ends_no_token(jwt_app: Party, redeem: Redeem) -> None:
    """OpenID Connect Core §10.1.1: new keys sign, old ones stay as long as their tokens live."""
    before, old = _jwks(), redeem(jwt_app)["access_token"]
    call_command("rotate_keys", "--now", verbosity=0)
    after, new = _jwks(), redeem(jwt_app)["access_token"]
    assert all(key in after for key in before if key["use"] == "sig")
    assert {key["kty"] for key in after if key not in before} >= {"RSA", "EC"}
    assert _header(new)["kid"] in {key["kid"] for key in after} - {key["kid"] for key in before}
    assert _active(jwt_app, old)
    assert _active(jwt_app, new)


@pytest.mark.parametrize("how", ["--revoke", "--now --revoke-old"])
def test_the_tokens_of_a_revoked_key_are_refused_at_once(jwt_app: Party, redeem: Redeem, how: str) -> None:
    """Scorecard X-02: gone from the JWKS, inactive at introspection, refused at userinfo."""
    token = redeem(jwt_app)["access_token"]
    kid = _header(token)["kid"]
    assert _active(jwt_app, token)
    call_command("rotate_keys", *(f"--revoke={kid}",) if how == "--revoke" else how.split(), verbosity=0)
    assert kid not in {key["kid"] for key in _jwks()}
    assert not _active(jwt_app, token)
    assert Http().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert _active(jwt_app, redeem(jwt_app)["access_token"])


def test_an_unchanged_jwks_is_not_sent_again(jwt_app: Party) -> None:
    """RFC 9110 §13.1.2: the strong ETag holds until a key changes."""
    etag = Http().get("/oauth/jwks").headers["ETag"]
    assert Http().get("/oauth/jwks", headers={"If-None-Match": etag}).status_code == 304
    call_command("rotate_keys", "--now", verbosity=0)
    assert Http().get("/oauth/jwks", headers={"If-None-Match": etag}).status_code == 200
