"""JARM (JWT Secured Authorization Response Mode for OAuth 2.0): the answer of the authorization endpoint as one JWT.

The client's side is joserfc for signatures and jwcrypto for encryption; the code is redeemed by Authlib.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.http import HttpResponse
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from jwcrypto.jwk import JWK

from identity.models import User
from oauth_server.authorize.response_modes import mode_for
from oauth_server.clients import registry
from oauth_server.jose.encrypt import shared_key
from oauth_server.models import AuthorizationCode, Client, TokenFamily
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.front import id_token
from tests.support.front_channel import Browser, answer, exchange, location, page
from tests.support.jwe import opened, secret_jwk
from tests.support.keys import public_jwk
from tests.support.parties import BASE, REDIRECT, Http, Party

pytestmark = pytest.mark.django_db

Make = Callable[..., Party]
ROOT = Path(__file__).resolve().parents[2]
MODES = {"query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"}
KINDS = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
NONCE = "n-0S6_WzA2Mj"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
JWKS = {"keys": [public_jwk(RSA, kid="their-rsa", use="enc"), public_jwk(EC, kid="their-ec", use="enc")]}


@pytest.fixture
def every_kind(make_client: Make) -> Party:
    """A client that may ask for any response type."""
    return make_client(
        profile="openid", grant_types=["authorization_code", "implicit", "refresh_token"], response_types=KINDS
    )


def verified(token: str, app: Party, alg: str = "RS256", key: Any = None) -> dict[str, Any]:
    """What a client does first (§2.4): the signature by our keys, then iss, aud and exp."""
    decoded = jwt.decode(token, key or KeySet.import_key_set(Http().get("/oauth/jwks").json()), algorithms=[alg])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": BASE},
        aud={"essential": True, "value": app.client_id},
        exp={"essential": True},
    ).validate(decoded.claims)
    assert decoded.claims["exp"] <= time.time() + 600, "§2.1: ten minutes at the most"
    claims: dict[str, Any] = decoded.claims
    return claims


def response(done: HttpResponse, mode: str = "query") -> str:
    """The one parameter of the answer."""
    (member,) = answer(done, mode).items()
    assert member[0] == "response"
    return member[1]


@pytest.mark.parametrize("mode", MODES)
def test_the_answer_is_one_jwt_and_travels_as_its_mode_says(
    app: Party, browser: Browser, person: User, mode: str
) -> None:
    """§2.1, §2.3.1 to §2.3.3: the members are claims, state among them, beside iss, aud and exp."""
    done = browser.walk(browser.authorize(app, response_mode=mode), person)
    claims = verified(response(done, MODES[mode]), app)
    assert set(claims) == {"iss", "aud", "exp", "code", "state", "session_state"}
    assert claims["state"] == "st-4f2"
    assert exchange(app, claims["code"])["access_token"]
    if mode == "form_post.jwt":
        assert f'action="{REDIRECT}"' in page(done)
    else:
        assert location(done).startswith(REDIRECT)


@pytest.mark.parametrize("kind", KINDS)
def test_jwt_alone_travels_as_the_response_type_does(
    every_kind: Party, browser: Browser, person: User, kind: str
) -> None:
    """§2.3.4: query for the code, fragment for whatever hands out a token; §2.1: tokens are claims as well."""
    done = browser.walk(browser.authorize(every_kind, response_type=kind, response_mode="jwt"), person)
    claims = verified(response(done, "query" if kind == "code" else "fragment"), every_kind)
    for word in kind.split(" "):
        assert {"token": "access_token"}.get(word, word) in claims
    if "id_token" in claims:
        checked = {"code": claims["code"]} if "code" in claims else {}
        assert id_token(claims["id_token"], every_kind, nonce=NONCE, **checked)["nonce"] == NONCE
    if "access_token" in claims:
        header = {"Authorization": f"Bearer {claims['access_token']}"}
        assert every_kind.http.get("/oauth/userinfo", headers=header).json()["sub"] == str(person.pk)


def test_a_token_never_stands_in_a_query(every_kind: Party, browser: Browser) -> None:
    """§2.3.1; the refusal is a JWT all the same, where the client looks for one."""
    for kind in KINDS[1:]:
        refused = browser.authorize(every_kind, response_type=kind, response_mode="query.jwt")
        assert verified(response(refused, "fragment"), every_kind)["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "nobody:has:this"}, "invalid_scope"),
        ({"request": "x"}, "invalid_request_object"),
    ],
)
def test_an_error_is_a_jwt_too(app: Party, browser: Browser, asked: dict[str, Any], error: str) -> None:
    """§2.1: error, error_description and state are claims beside iss, aud and exp."""
    mode = "fragment" if asked.get("response_type") else "query"
    claims = verified(response(browser.authorize(app, response_mode="jwt", **asked), mode), app)
    assert (claims["error"], claims["state"]) == (error, "st-4f2")
    assert set(claims) <= {"iss", "aud", "exp", "state", "error", "error_description", "session_state"}


def test_a_person_who_says_no_is_told_of_in_a_jwt(app: Party, browser: Browser, person: User) -> None:
    """RFC 6749 §4.1.2.1, JARM §2.1."""
    browser.sign_in(person)
    at = location(browser.authorize(app, response_mode="jwt"))
    assert verified(response(browser.decide(at, "deny")), app)["error"] == "access_denied"


@pytest.mark.parametrize(
    ("response_mode", "response_type", "mode"),
    [
        ("jwt", "code", "query.jwt"),
        ("jwt", "id_token code", "fragment.jwt"),
        ("query.jwt", "id_token", "fragment.jwt"),
        ("fragment.jwt", "code", "fragment.jwt"),
        ("form_post.jwt", "token", "form_post.jwt"),
        ("jwt", None, "query.jwt"),
        ("jwt", "token", "fragment.jwt"),
        ("web_message.jwt", "code", "query"),
    ],
)
def test_there_is_always_a_mode_to_answer_in(response_mode: str, response_type: str | None, mode: str) -> None:
    """JARM §2.3.4, RFC 6749 §4.1.2.1."""
    assert mode_for(response_mode, response_type) == mode


# Metadata of the client.


@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_it_is_signed_as_the_client_registered(make_client: Make, browser: Browser, person: User, alg: str) -> None:
    """§3: authorization_signed_response_alg, RS256 when there is none, whatever its ID tokens are signed with."""
    app = make_client(authorization_signed_response_alg=alg)
    assert app.answer["authorization_signed_response_alg"] == alg
    done = browser.walk(browser.authorize(app, response_mode="jwt"), person)
    assert verified(response(done), app, alg)["code"]


def test_it_may_be_keyed_with_the_client_secret(make_client: Make, browser: Browser, person: User) -> None:
    """§3, OpenID Connect Core §10.1."""
    app = make_client(authorization_signed_response_alg="HS256")
    done = browser.walk(browser.authorize(app, response_mode="jwt"), person)
    assert verified(response(done), app, "HS256", OctKey.import_key(app.secret))["code"]


@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "ECDH-ES", "dir"])
def test_it_is_signed_and_then_encrypted(make_client: Make, browser: Browser, person: User, alg: str) -> None:
    """§2.2, §3: nested; without an enc, A128CBC-HS256."""
    app = make_client(jwks=JWKS, authorization_encrypted_response_alg=alg)
    assert app.answer["authorization_encrypted_response_enc"] == "A128CBC-HS256"
    key = {
        "RSA-OAEP-256": JWK.from_pyca(RSA),
        "ECDH-ES": JWK.from_pyca(EC),
        "dir": secret_jwk(shared_key(app.secret, "A128CBC-HS256")),
    }[alg]
    done = browser.walk(browser.authorize(app, response_mode="jwt"), person)
    header, inner = opened(response(done), key)
    assert (header["alg"], header["enc"], header["cty"]) == (alg, "A128CBC-HS256", "JWT")
    assert verified(inner, app)["code"]
    refused = opened(response(browser.authorize(app, response_mode="jwt", prompt="none login")), key)[1]
    assert verified(refused, app)["error"] == "invalid_request"


def test_other_modes_are_not_encrypted(make_client: Make, browser: Browser, person: User) -> None:
    """§3: the metadata speaks of JWTs; whoever asks for none gets none."""
    app = make_client(jwks=JWKS, authorization_encrypted_response_alg="ECDH-ES")
    assert "code" in answer(browser.walk(browser.authorize(app), person))


def test_without_a_usable_key_nothing_is_issued_and_nothing_leaves_in_clear_text(
    make_client: Make, browser: Browser, person: User
) -> None:
    """§3: the error is shown here, since it could not be encrypted either; the interaction can go on once the key is back."""
    app = make_client(jwks=JWKS, authorization_encrypted_response_alg="RSA-OAEP-256")
    row = Client.objects.get(client_id=app.client_id)
    registered = dict(row.metadata)

    def keep(metadata: dict[str, Any]) -> None:
        row.metadata = metadata
        row.save()
        registry.forget()

    keep({name: value for name, value in registered.items() if name != "jwks"})
    browser.sign_in(person)
    consent = location(browser.authorize(app, response_mode="jwt"))
    resume = location(browser.allow(consent))
    shown = browser.get(resume)
    assert (shown.status_code, location(shown)) == (400, "")
    assert "no usable key of this client for RSA-OAEP-256" in page(shown)
    assert not AuthorizationCode.objects.exists()
    assert not TokenFamily.objects.exists()
    keep(registered)
    assert verified(opened(response(browser.get(resume)), JWK.from_pyca(RSA))[1], app)["code"]


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("authorization_signed_response_alg", {"authorization_signed_response_alg": "none"}),
        ("authorization_signed_response_alg", {"authorization_signed_response_alg": "RS1"}),
        (
            "authorization_signed_response_alg",
            {"authorization_signed_response_alg": "HS256", "token_endpoint_auth_method": "none"},
        ),
        ("authorization_encrypted_response_enc", {"authorization_encrypted_response_enc": "A128GCM"}),
        ("authorization_encrypted_response_alg", {"authorization_encrypted_response_alg": "RSA-OAEP-256"}),
        ("authorization_encrypted_response_alg", {"jwks": JWKS, "authorization_encrypted_response_alg": "RSA1_5"}),
        (
            "authorization_encrypted_response_alg",
            {"authorization_encrypted_response_alg": "dir", "token_endpoint_auth_method": "none"},
        ),
    ],
)
def test_wrong_metadata_is_refused_by_name(make_client: Make, name: str, members: dict[str, Any]) -> None:
    """§3: no none; an enc needs its alg; a client without a secret cannot share a key."""
    with pytest.raises(InvalidClientMetadata, match=f": {name} "):
        make_client(**members)


def test_discovery_says_what_there_is(keys: None) -> None:
    """§4."""
    document = Http().get("/.well-known/openid-configuration").json()
    assert set(document["response_modes_supported"]) >= {"jwt", *MODES}
    assert "RS256" in document["authorization_signing_alg_values_supported"]
    assert "none" not in document["authorization_signing_alg_values_supported"]
    assert set(document["authorization_encryption_alg_values_supported"]) >= {"RSA-OAEP-256", "ECDH-ES", "dir"}
    assert "A128CBC-HS256" in document["authorization_encryption_enc_values_supported"]


def test_when_it_is_off_nothing_speaks_of_it() -> None:
    """§4: the tables are built when a process starts."""
    program = (
        "import django, json; django.setup()\n"
        "from oauth_server.authorize import response_modes\n"
        "from oauth_server.clients import fields\n"
        "print(json.dumps([*response_modes.RESPONSE_MODES, *fields.FIELDS, response_modes.mode_for('jwt', 'code')]))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "oauth_server.settings.testing", "FEATURES": "-jarm"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    *names, mode = json.loads(done.stdout.splitlines()[-1])
    assert mode == "query"
    assert "form_post" in names
    assert not [name for name in names if "jwt" in name or name.startswith("authorization_")]


def test_it_is_no_other_token_for_anybody(app: Party, browser: Browser, person: User) -> None:
    """§5: cross-JWT confusion; RFC 8725 §3.12."""
    token = response(browser.walk(browser.authorize(app, response_mode="jwt"), person))
    assert app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert app.introspect(token) == {"active": False}
    hinted = verified(response(browser.authorize(app, response_mode="jwt", id_token_hint=token)), app)
    assert hinted["error"] == "invalid_request"
    sent_back = verified(response(browser.authorize(app, response_mode="jwt", request=token)), app)
    assert sent_back["error"] == "invalid_request_object"
