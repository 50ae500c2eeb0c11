"""openid-client, oauth4webapi and oidc-client-ts from npm, unmodified, against a running server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.support.live import Live
from tests.support.person import Person

HERE = Path(__file__).parent / "node"
BACK = "http://127.0.0.1:25900/callback"
LEFT = "http://127.0.0.1:25900/left"


def play(node: str, story: str, person: Person, given: dict[str, Any]) -> dict[str, Any]:
    """Run a story; be the person whenever it sends the browser away."""
    with subprocess.Popen(
        [node, story], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        print(json.dumps(given), file=process.stdin, flush=True)
        try:
            for line in process.stdout:
                said = json.loads(line)
                if "done" in said:
                    facts: dict[str, Any] = said["done"]
                    return facts
                print(person.go(said["visit"], "http://127.0.0.1:25900/"), file=process.stdin, flush=True)
            pytest.fail(process.stderr.read())
        finally:
            process.kill()


WEB: dict[str, Any] = {
    "redirect_uris": [BACK],
    "post_logout_redirect_uris": [LEFT],
    "grant_types": ["authorization_code", "refresh_token"],
}
SERVICE: dict[str, Any] = {"grant_types": ["client_credentials"], "scope": "notes:read notes:write"}
SECRETS: dict[str, dict[str, Any]] = {
    "client_secret_basic": {},
    "client_secret_post, opaque tokens": {
        "token_endpoint_auth_method": "client_secret_post",
        "access_token_format": "opaque",
    },
    "client_secret_jwt": {"token_endpoint_auth_method": "client_secret_jwt"},
    "ID tokens ES256": {"id_token_signed_response_alg": "ES256"},
    "ID tokens PS256, profile openid": {"id_token_signed_response_alg": "PS256", "profile": "openid"},
    "ID tokens EdDSA": {"id_token_signed_response_alg": "EdDSA"},
    "ID tokens Ed25519": {"id_token_signed_response_alg": "Ed25519"},
    "ID tokens HS256": {"id_token_signed_response_alg": "HS256"},
}
PARAMETERS = {"kid": "mine", "use": "sig"}
KEYS = {
    "ES256": ECKey.generate_key("P-256", PARAMETERS | {"alg": "ES256"}),
    "RS256": RSAKey.generate_key(2048, PARAMETERS | {"alg": "RS256"}),
    "PS256": RSAKey.generate_key(2048, PARAMETERS | {"alg": "PS256"}),
}


@pytest.fixture(scope="module")
def apps(live: Live) -> dict[str, dict[str, Any]]:
    """Every client of these stories, as its registration answered."""
    registrations = {name: WEB | more for name, more in SECRETS.items()}
    for alg, key in KEYS.items():
        registrations[alg] = WEB | {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.as_dict(private=False)]},
        }
    registrations |= {
        "public": WEB | {"token_endpoint_auth_method": "none"},
        "native": WEB | {"token_endpoint_auth_method": "none", "application_type": "native"},
        "service, jwt": SERVICE,
        "service, opaque": SERVICE | {"access_token_format": "opaque"},
    }
    return {name: {"issuer": live.issuer, **answer} for name, answer in live.clients(**registrations).items()}


def check(facts: dict[str, Any], client_id: str) -> None:
    """What every confidential story of openid-client must have seen."""
    assert facts["userinfo"]["email"] == "alice@people.example"
    assert facts["claims"]["aud"] == client_id
    assert facts["rotated"]
    assert facts["fresh"]["sub"] == facts["claims"]["sub"]
    assert facts["refused"] == "invalid_grant"
    assert facts["left"] == f"{LEFT}?state=bye"


@pytest.mark.parametrize("name", SECRETS)
def test_openid_client_with_a_secret(node: str, apps: dict[str, dict[str, Any]], person: Person, name: str) -> None:
    """Code + PKCE, ID token, userinfo, refresh, introspection, revocation, RP-initiated logout."""
    facts = play(node, "openid_client.mjs", person, apps[name])
    check(facts, apps[name]["client_id"])
    assert facts["seen"]["active"] is True
    assert facts["after"] == {"active": False}


@pytest.mark.parametrize("alg", KEYS)
def test_openid_client_with_private_key_jwt(
    node: str, apps: dict[str, dict[str, Any]], person: Person, alg: str
) -> None:
    """RFC 7523 §2.2, at the token, introspection and revocation endpoints."""
    facts = play(node, "openid_client.mjs", person, apps[alg] | {"private_jwk": KEYS[alg].as_dict(private=True)})
    check(facts, apps[alg]["client_id"])
    assert facts["after"] == {"active": False}


def test_openid_client_without_a_secret(node: str, apps: dict[str, dict[str, Any]], person: Person) -> None:
    """RFC 8252: a native application."""
    check(play(node, "openid_client.mjs", person, apps["native"]), apps["native"]["client_id"])


def test_openid_client_by_oauth_metadata(node: str, apps: dict[str, dict[str, Any]], person: Person) -> None:
    """RFC 8414 §3: the other well-known document."""
    given = apps["client_secret_basic"]
    check(play(node, "openid_client.mjs", person, given | {"algorithm": "oauth2"}), given["client_id"])


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
def test_openid_client_for_itself(
    node: str, apps: dict[str, dict[str, Any]], person: Person, token_format: str
) -> None:
    """RFC 6749 §4.4, RFC 7662, RFC 7009."""
    facts = play(node, "openid_client.mjs", person, apps[f"service, {token_format}"])
    assert (facts["type"], facts["scope"]) == ("bearer", "notes:read")
    assert facts["seen"]["active"] is True
    assert facts["seen"]["scope"] == "notes:read"
    assert facts["after"] == {"active": False}


@pytest.mark.parametrize("discovery", ["oidc", "oauth2"])
def test_oauth4webapi_checks_every_answer(
    node: str, apps: dict[str, dict[str, Any]], person: Person, discovery: str
) -> None:
    """RFC 9207 iss, media types, token_type, at_hash, signatures, challenges: it refuses what deviates."""
    facts = play(node, "oauth4webapi.mjs", person, apps["public"] | {"discovery": discovery})
    assert facts["userinfo"]["sub"] == facts["claims"]["sub"]
    assert facts["refused"] == "invalid_token"


def test_oidc_client_ts_in_a_page(node: str, apps: dict[str, dict[str, Any]], person: Person) -> None:
    """A browser library: public client, userinfo, refresh, revocation, sign-out."""
    facts = play(node, "oidc_client_ts.mjs", person, apps["public"])
    assert facts["profile"]["name"] == "Alice Example"
    assert facts["mine"] == "mine"
    assert facts["rotated"]
    assert facts["signedOut"] == "bye"
