"""RFC 9068: JWT access tokens; OpenID Connect Core §2: ID tokens. Verified by joserfc against the published keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from identity.models import LoginSession, User
from oauth_server.clients.subjects import sid_of
from tests.support.parties import BASE, Http, Party

# RFC 9864 §2.2 renames EdDSA to Ed25519; joserfc says so, and relying parties still say EdDSA.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:EdDSA is deprecated")]

Redeem = Callable[..., dict[str, Any]]


def decode(token: str, key: Any = None, algorithms: list[str] | None = None) -> jwt.Token:
    keys = key or KeySet.import_key_set(Http().get("/oauth/jwks").json())
    return jwt.decode(token, keys, algorithms=algorithms or ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])


def test_an_access_token_says_what_rfc_9068_asks(
    app: Party, redeem: Redeem, person: User, sign_in: LoginSession
) -> None:
    """RFC 9068 §2.1, §2.2."""
    token = decode(redeem(app)["access_token"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["alg"] == "ES256"
    assert token.header["kid"]
    claims = token.claims
    assert claims["iss"] == BASE
    assert claims["sub"] == str(person.pk)
    assert claims["aud"] == BASE
    assert claims["client_id"] == app.client_id
    assert claims["auth_time"] == int(sign_in.auth_time.timestamp())
    assert claims["exp"] - claims["iat"] == 600
    assert set(claims["scope"].split()) == {"openid", "profile", "offline_access"}
    assert claims["jti"]


def test_iat_is_never_in_the_future(service: Party) -> None:
    """Interop 8: some clients have no leeway."""
    for _ in range(5):
        token = service.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
        assert decode(token).claims["iat"] <= timezone.now().timestamp()


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])
def test_each_client_chooses_its_algorithm(make_client: Callable[..., Party], alg: str) -> None:
    """RFC 9068 §2.1; interop 7."""
    party = make_client(grant_types=["client_credentials"], scope="api", access_token_signed_response_alg=alg)
    token = party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert decode(token).header["alg"] == alg
    assert party.introspect(token)["active"] is True


def test_a_client_may_have_its_tokens_typed_jwt(make_client: Callable[..., Party]) -> None:
    """Interop 4: one big framework's default decoder refuses at+jwt."""
    party = make_client(grant_types=["client_credentials"], scope="api", access_token_typ="JWT")
    token = party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert decode(token).header["typ"] == "JWT"
    assert party.introspect(token)["active"] is True


def test_two_tokens_are_never_alike(service: Party) -> None:
    """RFC 9068 §2.2: jti; scorecard T-09."""
    seen = {service.post("/oauth/token", grant_type="client_credentials").json()["access_token"] for _ in range(20)}
    assert len({decode(token).claims["jti"] for token in seen}) == 20


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA", "Ed25519"])
def test_an_id_token_is_signed_as_registered(make_client: Callable[..., Party], redeem: Redeem, alg: str) -> None:
    """OpenID Connect Core §2, §3.1.3.6: RS256 unless registered otherwise; at_hash fits the algorithm."""
    party = make_client(**({} if alg == "RS256" else {"id_token_signed_response_alg": alg}))
    answer = redeem(party)
    token = decode(answer["id_token"])
    assert token.header["alg"] == alg
    digest = (hashlib.sha512 if alg.startswith("Ed") else hashlib.sha256)(answer["access_token"].encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    assert token.claims["at_hash"] == half


def test_an_id_token_may_be_keyed_with_the_secret(make_client: Callable[..., Party], redeem: Redeem) -> None:
    """OpenID Connect Core §10.1: HS256 with the UTF-8 octets of client_secret."""
    party = make_client(id_token_signed_response_alg="HS256")
    key = OctKey.import_key(party.secret.encode())
    assert decode(redeem(party)["id_token"], key, ["HS256"]).claims["aud"] == party.client_id


def test_an_id_token_tells_of_the_sign_in(app: Party, redeem: Redeem, person: User, sign_in: LoginSession) -> None:
    """OpenID Connect Core §2: nonce, auth_time, acr, amr, sid; azp is not due with one audience."""
    claims = decode(redeem(app)["id_token"]).claims
    assert claims["iss"] == BASE
    assert claims["sub"] == str(person.pk)
    assert claims["aud"] == app.client_id
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["auth_time"] == int(sign_in.auth_time.timestamp())
    assert claims["sid"] == sid_of(app.registered, sign_in.sid)
    assert claims["acr"] == sign_in.acr
    assert claims["amr"] == ["pwd"]
    assert "azp" not in claims


def test_claims_about_the_person_go_to_userinfo_unless_the_client_asks(
    make_client: Callable[..., Party], redeem: Redeem
) -> None:
    """OpenID Connect Core §5.4; interop 3."""
    assert "name" not in decode(redeem(make_client())["id_token"]).claims
    assert decode(redeem(make_client(id_token_claims=True))["id_token"]).claims["name"] == "Olena Shevchenko"


def test_an_expired_token_is_dead(app: Party, redeem: Redeem, time_machine: Any) -> None:
    """RFC 7519 §4.1.4."""
    token = redeem(app)["access_token"]
    time_machine.move_to(timezone.now() + timedelta(seconds=601), tick=False)
    assert app.introspect(token) == {"active": False}


def test_jwks_shows_public_members_only_and_may_be_cached(keys: None) -> None:
    """RFC 7517 §4, §5; RFC 9110 §13.1.2: ETag and 304; interop 12: CORS."""
    http = Http()
    answer = http.get("/oauth/jwks", headers={"Origin": "https://spa.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    published = answer.json()["keys"]
    assert {key["alg"] for key in published if key["use"] == "sig"} == {"ES256", "RS256", "PS256", "EdDSA", "Ed25519"}
    assert all(not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys() for key in published)
    assert all(key["kid"] and key["use"] in {"sig", "enc"} for key in published)
    again = http.get("/oauth/jwks", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
