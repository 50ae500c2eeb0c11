"""OpenID Connect Core §10.2, §5.3.2, §6.1 and Registration §2: encrypted ID tokens, userinfo answers and request objects.

The client's side is jwcrypto for encryption and joserfc for signatures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK
from pytest_django import Settings

from oauth_server.clients import encryption, registry, secrets
from oauth_server.jose.algorithms import CONTENT_ENCRYPTION, DECRYPTION, KEY_MANAGEMENT
from oauth_server.jose.encrypt import shared_key
from oauth_server.jose.errors import JoseError
from oauth_server.keys import rotate
from oauth_server.models import AccessToken, AuthorizationCode, Client, ClientSecret, TokenFamily
from oauth_server.outbound import fetch
from oauth_server.protocol.errors import InvalidRequest
from oauth_server.tokens import id_token_hint
from tests.support.jwe import decode, opened, seal, secret_jwk
from tests.support.keys import public_jwk, raw_token
from tests.support.parties import BASE, Code, Http, Party

pytestmark = pytest.mark.django_db

Make = Callable[..., Party]
Redeem = Callable[..., dict[str, Any]]

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP384R1())
THEIRS = {"RSA": JWK.from_pyca(RSA), "EC": JWK.from_pyca(EC)}
JWKS = {"keys": [public_jwk(RSA, kid="their-rsa", use="enc"), public_jwk(EC, kid="their-ec", use="enc")]}
URI = "https://app.example/jwks"
ALGORITHMS = [alg for alg in KEY_MANAGEMENT if alg != "dir"]


def our_keys() -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = Http().get("/oauth/jwks").json()["keys"]
    return keys


def verified(token: str, alg: str = "RS256") -> dict[str, Any]:
    """The claims, if our published key signed them."""
    claims: dict[str, Any] = jwt.decode(token, KeySet.import_key_set({"keys": our_keys()}), algorithms=[alg]).claims
    return claims


def userinfo(app: Party, token: str) -> Any:
    return app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


# ID tokens.


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_an_id_token_is_signed_and_then_encrypted(make_client: Make, redeem: Redeem, alg: str) -> None:
    """Core §2, §10.2; RFC 7519 §5.2 and §11.2: nested, signed first."""
    app = make_client(jwks=JWKS, id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc="A256GCM")
    header, inner = opened(redeem(app)["id_token"], THEIRS[KEY_MANAGEMENT[alg].kty])
    assert (header["alg"], header["enc"], header["cty"]) == (alg, "A256GCM", "JWT")
    assert header["kid"].startswith("their-")
    claims = verified(inner)
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (BASE, app.client_id, "n-0S6_WzA2Mj")
    assert "at_hash" in claims


def test_the_content_is_encrypted_as_registered_and_by_default_as_the_standard_says(
    make_client: Make, redeem: Redeem
) -> None:
    """Registration §2: without an enc, A128CBC-HS256, which the answer to the registration says."""
    app = make_client(jwks=JWKS, id_token_encrypted_response_alg="ECDH-ES")
    assert app.answer["id_token_encrypted_response_enc"] == "A128CBC-HS256"
    assert opened(redeem(app)["id_token"], THEIRS["EC"])[0]["enc"] == "A128CBC-HS256"
    for enc in CONTENT_ENCRYPTION:
        app = make_client(jwks=JWKS, id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc=enc)
        assert opened(redeem(app)["id_token"], THEIRS["EC"])[0]["enc"] == enc


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTION)
def test_dir_keys_the_encryption_with_the_client_secret(make_client: Make, redeem: Redeem, enc: str) -> None:
    """Core §10.2: symmetric encryption; also when the secret was rotated, by the new one."""
    app = make_client(id_token_encrypted_response_alg="dir", id_token_encrypted_response_enc=enc)
    header, inner = opened(redeem(app)["id_token"], secret_jwk(shared_key(app.secret, enc)))
    assert "kid" not in header
    assert verified(inner)["aud"] == app.client_id
    app.secret = secrets.rotate(app.client_id, timezone.now())
    assert opened(redeem(app)["id_token"], secret_jwk(shared_key(app.secret, enc)))


def test_a_refreshed_id_token_is_encrypted_too(make_client: Make, redeem: Redeem) -> None:
    """Core §12.2."""
    app = make_client(jwks=JWKS, id_token_encrypted_response_alg="RSA-OAEP-256")
    refresh = redeem(app)["refresh_token"]
    answer = app.post("/oauth/token", grant_type="refresh_token", refresh_token=refresh).json()
    assert verified(opened(answer["id_token"], THEIRS["RSA"])[1])["aud"] == app.client_id


def test_other_clients_notice_nothing(app: Party, redeem: Redeem) -> None:
    """Encryption is for who registered for it."""
    assert verified(redeem(app)["id_token"])


# The client's key: never clear text in place of what cannot be encrypted.


def _deprive(app: Party, **metadata: Any) -> None:
    """What registration would refuse stands in the database all the same."""
    row = Client.objects.get(client_id=app.client_id)
    row.metadata = {**{k: v for k, v in row.metadata.items() if k not in {"jwks", "jwks_uri"}}, **metadata}
    row.save()
    registry.forget()


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"jwks": {"keys": [public_jwk(RSA, kid="s", use="sig")]}},
        {"jwks": {"keys": [public_jwk(RSA, kid="o", use="enc", alg="RSA-OAEP")]}},
        {"jwks": {"keys": [public_jwk(EC, kid="e", use="enc")]}},
        {"jwks_uri": "https://away.example/jwks"},
    ],
)
def test_without_a_usable_key_there_is_an_error_and_no_id_token(
    make_client: Make, make_code: Callable[..., Code], left: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Core §10.2: never an answer in clear text; the error names what is missing, and nothing was issued."""

    def away(*_: Any, **__: Any) -> Any:
        raise fetch.FetchError("away")

    monkeypatch.setattr(fetch, "get", away)
    app = make_client(jwks=JWKS, id_token_encrypted_response_alg="RSA-OAEP-256", access_token_format="opaque")
    _deprive(app, **left)
    code = make_code(app)
    answer = app.post(
        "/oauth/token",
        grant_type="authorization_code",
        code=code.value,
        code_verifier=code.verifier,
        redirect_uri=code.redirect_uri,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "no usable key of this client for RSA-OAEP-256" in answer.json()["error_description"]
    assert "token" not in answer.json().keys() - {"error"}
    assert not AccessToken.objects.exists()
    assert not TokenFamily.objects.exists()
    assert AuthorizationCode.objects.get().used_at is None, "the code can be redeemed once the key is back"


def test_what_has_no_id_token_needs_no_key(make_client: Make) -> None:
    """RFC 6749 §4.4: a client that asks for itself is not held up by a key set that is away."""
    app = make_client(
        jwks=JWKS, id_token_encrypted_response_alg="RSA-OAEP-256", scope="openid api:read",
        grant_types=["authorization_code", "client_credentials"],
    )  # fmt: skip
    _deprive(app)
    assert app.post("/oauth/token", grant_type="client_credentials", scope="api:read").status_code == 200


def test_userinfo_without_a_usable_key_is_an_error(make_client: Make, redeem: Redeem) -> None:
    """Core §5.3.2."""
    app = make_client(jwks=JWKS, userinfo_encrypted_response_alg="RSA-OAEP-256")
    token = redeem(app)["access_token"]
    _deprive(app)
    answer = userinfo(app, token)
    assert answer.status_code == 400
    assert "sub" not in answer.text


def test_dir_without_a_readable_secret_is_an_error(make_client: Make, redeem: Redeem) -> None:
    """A secret that is only a digest can key nothing."""
    app = make_client(userinfo_encrypted_response_alg="dir")
    token = redeem(app)["access_token"]
    ClientSecret.objects.update(wrapped=b"")
    registry.forget()
    assert userinfo(app, token).status_code == 400


def test_what_was_registered_holds_when_the_feature_is_off(
    make_client: Make, redeem: Redeem, settings: Settings
) -> None:
    """Turning a feature off must not turn cipher text into clear text."""
    app = make_client(jwks=JWKS, id_token_encrypted_response_alg="RSA-OAEP-256")
    settings.FEATURES = replace(settings.FEATURES, encryption=False)
    assert opened(redeem(app)["id_token"], THEIRS["RSA"])


def test_the_key_set_is_fetched_before_the_transaction_begins(
    make_client: Make, redeem: Redeem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jwks_uri that answers slowly must not hold a transaction open: when minting begins, the key is there."""
    order: list[str] = []
    real = encryption.to_client

    def get(url: str, **_: Any) -> fetch.Fetched:
        order.append(url)
        return fetch.Fetched(json.dumps(JWKS).encode(), "application/json")

    def to_client(*arguments: Any, **named: Any) -> str:
        order.append("minting")
        return real(*arguments, **named)

    monkeypatch.setattr(fetch, "get", get)
    monkeypatch.setattr(encryption, "to_client", to_client)
    app = make_client(jwks_uri=URI, id_token_encrypted_response_alg="RSA-OAEP-256")
    assert opened(redeem(app)["id_token"], THEIRS["RSA"])
    assert order == [URI, "minting"]


def test_a_rotated_key_of_the_client_is_used_once_its_set_is_read_again(
    make_client: Make, redeem: Redeem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Core §10.2.1: the decrypting party publishes a new key and stops publishing the old one; an outage keeps the last good set."""
    body: list[bytes | None] = [json.dumps(JWKS).encode()]

    def get(*_: Any, **__: Any) -> fetch.Fetched:
        if body[0] is None:
            raise fetch.FetchError("away")
        return fetch.Fetched(body[0], "application/json")

    monkeypatch.setattr(fetch, "get", get)
    app = make_client(jwks_uri=URI, id_token_encrypted_response_alg="RSA-OAEP-256")
    now = timezone.now()

    def kid(after: int) -> str:
        text = encryption.to_client(app.registered, encryption.ID_TOKEN, "a.b.c", now + timedelta(seconds=after))
        name: str = json.loads(decode(text.partition(".")[0]))["kid"]
        return name

    new = rsa.generate_private_key(65537, 2048)
    assert kid(0) == "their-rsa"
    body[0] = json.dumps({"keys": [public_jwk(new, kid="new", use="enc")]}).encode()
    assert kid(599) == "their-rsa"
    assert kid(600) == "new"
    body[0] = None
    assert kid(1_300) == "new"
    # A set without a key for it is looked at again after two seconds, not after ten minutes.
    body[0] = json.dumps({"keys": []}).encode()
    with pytest.raises(InvalidRequest):
        kid(2_000)
    body[0] = json.dumps(JWKS).encode()
    with pytest.raises(InvalidRequest):
        kid(2_001)
    assert kid(2_003) == "their-rsa"


# Userinfo.


def test_userinfo_is_signed_and_then_encrypted(make_client: Make, redeem: Redeem) -> None:
    """Core §5.3.2: with both registered, a nested JWT, as application/jwt."""
    app = make_client(
        jwks=JWKS, userinfo_signed_response_alg="ES256", userinfo_encrypted_response_alg="ECDH-ES+A256KW",
        userinfo_encrypted_response_enc="A192CBC-HS384",
    )  # fmt: skip
    answer = userinfo(app, redeem(app)["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    header, inner = opened(answer.text, THEIRS["EC"])
    assert (header["cty"], header["enc"]) == ("JWT", "A192CBC-HS384")
    claims = verified(inner, "ES256")
    assert (claims["iss"], claims["aud"]) == (BASE, app.client_id)


def test_userinfo_may_be_encrypted_only(make_client: Make, redeem: Redeem, person: Any) -> None:
    """Core §5.3.2: it may be encrypted without being signed; then the claims are JSON inside."""
    app = make_client(jwks=JWKS, userinfo_encrypted_response_alg="RSA-OAEP")
    answer = userinfo(app, redeem(app)["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    header, inner = opened(answer.text, THEIRS["RSA"])
    assert "cty" not in header
    claims = json.loads(inner)
    assert (claims["sub"], claims["name"]) == (str(person.pk), "Olena Shevchenko")
    assert (claims["iss"], claims["aud"]) == (BASE, app.client_id)


def test_errors_of_userinfo_are_not_encrypted(make_client: Make) -> None:
    """RFC 6750 §3.1: who has no good token gets an error that can be read."""
    make_client(jwks=JWKS, userinfo_encrypted_response_alg="RSA-OAEP")
    answer = Http().get("/oauth/userinfo", headers={"Authorization": "Bearer x"})
    assert answer.json()["error"] == "invalid_token"


# Request objects.

SIGNED = raw_token(b'{"alg":"ES256"}', b'{"iss":"c"}', "ES256", ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize("alg", DECRYPTION)
def test_a_request_object_opens_with_our_published_key(app: Party, alg: str) -> None:
    """Core §6.1, §10.2; RFC 9101 §6.1; RFC 7517 §4.2: the key says enc."""
    (key,) = [key for key in our_keys() if key["use"] == "enc" and key["alg"] == alg]
    for typ in ({}, {"typ": "JWT"}, {"typ": "oauth-authz-req+jwt"}):
        sealed = seal(SIGNED, key, alg, kid=key["kid"], cty="JWT", **typ)
        assert encryption.open_request_object(sealed, app.registered, timezone.now()) == SIGNED


def test_a_request_object_in_clear_text_comes_back_as_it_is(app: Party) -> None:
    """RFC 9101 §4: encryption is the client's choice."""
    for text in (SIGNED, "", "x", "a.b", "a.b.c.d.e.f"):
        assert encryption.open_request_object(text, app.registered, timezone.now()) == text


def test_a_request_object_encrypted_before_a_rotation_still_opens(app: Party) -> None:
    """Core §10.2.1: the JWKS names the new key alone, and clients that cached the old one are understood."""
    (old,) = [key for key in our_keys() if key["alg"] == "RSA-OAEP-256"]
    rotate.rotate_now(timezone.now())
    (new,) = [key for key in our_keys() if key["alg"] == "RSA-OAEP-256"]
    assert old["kid"] != new["kid"]
    for key in (old, new):
        sealed = seal(SIGNED, key, "RSA-OAEP-256", kid=key["kid"])
        assert encryption.open_request_object(sealed, app.registered, timezone.now()) == SIGNED
    rotate.revoke(old["kid"], timezone.now())
    with pytest.raises(JoseError):
        encryption.open_request_object(seal(SIGNED, old, "RSA-OAEP-256"), app.registered, timezone.now())


def test_dir_opens_with_a_live_secret_of_a_client_that_registered_for_it(make_client: Make) -> None:
    """Core §10.2; another client's secret, and a client that never said so, open nothing."""
    app = make_client(request_object_encryption_alg="dir")
    signs = make_client(id_token_signed_response_alg="HS256")
    now = timezone.now()

    def sealed(secret: str) -> str:
        return seal(SIGNED, secret_jwk(shared_key(secret, "A256GCM")), "dir")

    assert encryption.open_request_object(sealed(app.secret), app.registered, now) == SIGNED
    former, app.secret = app.secret, secrets.rotate(app.client_id, now)
    for secret in (former, app.secret):
        assert encryption.open_request_object(sealed(secret), app.registered, now) == SIGNED
    for secret, client in ((signs.secret, signs), (signs.secret, app), ("", app), (app.client_id, app)):
        with pytest.raises(JoseError):
            encryption.open_request_object(sealed(secret or "x"), client.registered, now)


@pytest.mark.parametrize("inside", [b'{"client_id":"c"}', b"", SIGNED.rpartition(".")[0].encode() + b"."])
def test_what_nobody_signed_is_no_request_object(app: Party, inside: bytes) -> None:
    """CVE-2026-9793: our public keys are public, so encryption says nothing about the sender."""
    (key,) = [key for key in our_keys() if key["alg"] == "ECDH-ES"]
    with pytest.raises(JoseError):
        encryption.open_request_object(seal(inside, key, "ECDH-ES"), app.registered, timezone.now())


def test_a_request_object_has_the_same_limit_encrypted_or_not(app: Party) -> None:
    """Scorecard S-04: size limits."""
    (key,) = [key for key in our_keys() if key["alg"] == "ECDH-ES"]
    with pytest.raises(JoseError, match="too long"):
        encryption.open_request_object(seal("a.b." + "c" * 40_000, key, "ECDH-ES"), app.registered, timezone.now())


def test_an_encrypted_hint_is_read(app: Party, redeem: Redeem) -> None:
    """Core §3.1.2.1: the client may encrypt the signed ID token to us again."""
    token = redeem(app)["id_token"]
    (key,) = [key for key in our_keys() if key["alg"] == "RSA-OAEP-256"]
    hint = id_token_hint.read(seal(token, key, "RSA-OAEP-256", cty="JWT"), timezone.now())
    assert hint.client.client_id == app.client_id
    with pytest.raises(InvalidRequest):
        id_token_hint.read(seal(token, JWKS["keys"][0], "RSA-OAEP-256"), timezone.now())


# Discovery.


def test_discovery_prints_the_tables(keys: None) -> None:
    """Discovery §3; RFC 8725 §3.2: no RSA1_5 anywhere."""
    document = Http().get("/.well-known/openid-configuration").json()
    for kind in ("id_token", "userinfo"):
        assert document[f"{kind}_encryption_alg_values_supported"] == list(KEY_MANAGEMENT)
        assert document[f"{kind}_encryption_enc_values_supported"] == list(CONTENT_ENCRYPTION)
    assert document["request_object_encryption_alg_values_supported"] == [*DECRYPTION, "dir"]
    assert document["request_object_encryption_enc_values_supported"] == list(CONTENT_ENCRYPTION)
    assert "RSA1_5" not in json.dumps(document)
    published = {key["alg"] for key in our_keys() if key["use"] == "enc"}
    assert published == set(DECRYPTION)
