"""RFC 7523 §2.2 and §3, OpenID Connect Core §9: client authentication with a JWT."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authlib.oauth2.rfc7523 import client_secret_jwt_sign, private_key_jwt_sign
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from oauth_server.clients import registry, secrets
from oauth_server.models import ClientSecret, SeenIdentifier
from oauth_server.protocol.errors import InvalidClient, InvalidRequest
from tests.support.clients import ISSUER, TOKEN_ENDPOINT, claims, make, send, send_assertion, sign, with_key

pytestmark = pytest.mark.django_db

KEY = ECKey.generate_key("P-256", {"kid": "one"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "one"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})


@pytest.fixture(autouse=True)
def _fresh() -> None:
    registry.forget()


def test_a_signed_assertion_authenticates() -> None:
    """§2.2: client_assertion and client_assertion_type are the whole credential."""
    client_id = with_key(KEY)
    assert send_assertion(sign(claims(client_id), KEY)).client_id == client_id


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_algorithms_authenticate(alg: str) -> None:
    """RFC 7518 §3.1: the asymmetric algorithms that discovery names."""
    client_id = with_key(RSA)
    assert send_assertion(sign(claims(client_id), RSA, alg)).client_id == client_id


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_both_names_of_ed25519_authenticate(alg: str) -> None:
    """RFC 9864 §2.2, and RFC 8037 §3.1 as long as libraries say EdDSA; a key that names one of them is for that one."""
    key = OKPKey.generate_key("Ed25519", {"kid": "ed"})
    client_id = with_key(key)
    assert send_assertion(sign(claims(client_id), key, alg)).client_id == client_id
    narrow = OKPKey.generate_key("Ed25519", {"kid": "ed", "alg": alg})
    client_id = with_key(narrow)
    assert send_assertion(sign(claims(client_id), narrow, alg)).client_id == client_id
    other = {"Ed25519": "EdDSA", "EdDSA": "Ed25519"}[alg]
    with pytest.raises(InvalidClient):
        send_assertion(
            sign(claims(client_id), OKPKey.import_key({**narrow.as_dict(private=True), "alg": other}), other)
        )


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_an_assertion_keyed_with_the_secret_authenticates(alg: str) -> None:
    """OpenID Connect Core §9, client_secret_jwt."""
    answer = make(token_endpoint_auth_method="client_secret_jwt", token_endpoint_auth_signing_alg=alg)
    key = OctKey.import_key(answer["client_secret"])
    assert send_assertion(sign(claims(answer["client_id"]), key, alg)).client_id == answer["client_id"]


def test_authlib_authenticates_unmodified_where_the_profile_is_openid() -> None:
    """Authlib names the token endpoint as the audience and signs for an hour (OpenID Connect Core §9)."""
    client_id = with_key(RSA, profile="openid")
    made = private_key_jwt_sign(RSA, client_id, TOKEN_ENDPOINT, alg="RS256")
    assert send_assertion(made).client_id == client_id
    answer = make(token_endpoint_auth_method="client_secret_jwt", profile="openid")
    made = client_secret_jwt_sign(
        OctKey.import_key(answer["client_secret"]), answer["client_id"], TOKEN_ENDPOINT, alg="HS256"
    )
    assert send_assertion(made).client_id == answer["client_id"]


def test_an_assertion_works_once() -> None:
    """§3 item 7: the jti is spent; another assertion is another matter."""
    client_id = with_key(KEY)
    assertion = sign(claims(client_id), KEY)
    send_assertion(assertion)
    with pytest.raises(InvalidClient):
        send_assertion(assertion)
    assert send_assertion(sign(claims(client_id), KEY))


def test_a_refused_assertion_spends_no_identifier() -> None:
    """§3: a forger who guesses a jti must not be able to block its owner."""
    client_id = with_key(KEY)
    payload = claims(client_id)
    with pytest.raises(InvalidClient):
        send_assertion(sign(payload, OTHER_KEY))
    assert not SeenIdentifier.objects.exists()
    assert send_assertion(sign(payload, KEY))


def test_the_same_identifier_of_two_clients_is_two_identifiers() -> None:
    """§3 item 7: jti is unique for its issuer."""
    for client_id in (with_key(KEY), with_key(KEY)):
        assert send_assertion(sign(claims(client_id, jti="1"), KEY))


@dataclass(frozen=True)
class FromNow:
    """Seconds from the moment of the test: a parameter with the time in it would be another test in each process."""

    seconds: int

    def __str__(self) -> str:
        return f"now{self.seconds:+}"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "another"), ("sub", "another"), ("iss", None), ("sub", None), ("aud", None), ("jti", None), ("jti", ""),
        ("jti", "x" * 513), ("jti", 1), ("exp", None), ("exp", FromNow(-31)), ("exp", FromNow(400)), ("exp", "soon"),
        ("exp", 1e308), ("exp", True), ("nbf", FromNow(60)), ("iat", FromNow(60)), ("iat", FromNow(-3_600)),
        ("iss", ["a"]), ("aud", {}), ("sub", 7),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_claim_is_refused(claim: str, value: Any) -> None:
    """§3, items 1 to 7, and the types of RFC 7519 §4.1."""
    client_id = with_key(KEY)
    if isinstance(value, FromNow):
        value = int(time.time()) + value.seconds
    with pytest.raises((InvalidClient, InvalidRequest)):
        send_assertion(sign(claims(client_id, **{claim: value}), KEY), client_id=client_id)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "secevent+jwt"])
def test_a_token_of_another_kind_is_no_assertion(typ: str) -> None:
    """RFC 8725 §3.11: explicit types keep kinds apart."""
    client_id = with_key(KEY)
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(client_id), KEY, typ=typ))


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_the_right_types_are_accepted(typ: str) -> None:
    """RFC 10070: an assertion may carry its own type; most clients still send none or JWT."""
    client_id = with_key(KEY)
    assert send_assertion(sign(claims(client_id), KEY, typ=typ))


def test_the_registered_algorithm_binds() -> None:
    """OpenID Connect Registration §2, token_endpoint_auth_signing_alg: any other must be rejected."""
    client_id = with_key(RSA, token_endpoint_auth_signing_alg="PS256")
    assert send_assertion(sign(claims(client_id), RSA, "PS256"))
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(client_id), RSA, "RS256"))


def test_a_public_key_is_no_hmac_secret() -> None:
    """RFC 8725 §2.1 (CVE-2026-11800): HS256 keyed with the registered public key is another method, and no proof."""
    client_id = with_key(RSA)
    for form in (RSA.as_pem(private=False), RSA.as_der(private=False)):
        with pytest.raises(InvalidClient):
            send_assertion(forged(claims(client_id), form))


def forged(payload: dict[str, Any], secret: bytes) -> str:
    """An HS256 token by hand: joserfc itself refuses to key it with a public key."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, payload)]
    message = b".".join(parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=")
    return (message + b"." + signature).decode()


def test_the_two_methods_do_not_stand_in_for_each_other() -> None:
    """RFC 7591 §2: the registered method only."""
    answer = make(token_endpoint_auth_method="client_secret_basic")
    key = OctKey.import_key(answer["client_secret"])
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(answer["client_id"]), key, "HS256"))


def test_an_assertion_beside_another_credential_is_refused() -> None:
    """RFC 6749 §2.3: one method in each request."""
    client_id = with_key(KEY)
    with pytest.raises(InvalidRequest):
        send_assertion(sign(claims(client_id), KEY), client_id=client_id, client_secret="x")


def test_client_id_beside_an_assertion_must_agree() -> None:
    """RFC 7521 §4.2: client_id is optional beside an assertion, and must be the same client."""
    client_id = with_key(KEY)
    assert send_assertion(sign(claims(client_id), KEY), client_id=client_id)
    with pytest.raises(InvalidRequest):
        send_assertion(sign(claims(client_id), KEY), client_id="another")


def test_the_type_parameter_must_be_right() -> None:
    """§2.2: client_assertion_type has one value; half a credential is a malformed request."""
    client_id = with_key(KEY)
    assertion = sign(claims(client_id), KEY)
    for parameters in (
        {
            "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        },
        {"client_assertion": assertion},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    ):
        with pytest.raises(InvalidRequest):
            send(**parameters)


def test_a_secret_that_signs_is_kept_encrypted_and_no_other_is() -> None:
    """Issue of storage: only a client that computes with its secret has a readable copy, under the key-encryption key."""
    signer = make(token_endpoint_auth_method="client_secret_jwt")
    sender = make(token_endpoint_auth_method="client_secret_basic")
    rows = {row.client.client_id: row for row in ClientSecret.objects.select_related("client")}
    assert bytes(rows[signer["client_id"]].wrapped)
    assert signer["client_secret"].encode() not in bytes(rows[signer["client_id"]].wrapped)
    assert not bytes(rows[sender["client_id"]].wrapped)


def test_both_secrets_sign_while_one_replaces_the_other() -> None:
    """RFC 6749 §10.1: rotation without an outage, for HMAC too."""
    answer = make(token_endpoint_auth_method="client_secret_jwt")
    second = secrets.rotate(answer["client_id"], datetime.now(UTC) - timedelta(seconds=1))
    for secret in (answer["client_secret"], second):
        assert send_assertion(sign(claims(answer["client_id"]), OctKey.import_key(secret), "HS256"))


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "..", "e30.e30.", "e30.e30.AA", "é", "a" * 40_000])
def test_a_malformed_assertion_is_invalid_client(assertion: str) -> None:
    """RFC 6749 §5.2: a refusal, never a crash."""
    with pytest.raises(InvalidClient):
        send_assertion(assertion)


def test_an_unknown_issuer_is_refused() -> None:
    """§3 item 1."""
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims("nobody"), KEY))
    assert ISSUER
