"""openid-client, oauth4webapi and oidc-client-ts from npm, unmodified, against a running server."""

from __future__ import annotations

import json
import shutil
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


@pytest.fixture(scope="session")
def node() -> str:
    program = shutil.which("node")
    if program is None:
        pytest.fail("node is missing: apt install nodejs npm")
    mark = HERE / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-progress"], cwd=HERE, check=True, capture_output=True, timeout=300)
        mark.touch()
    return program


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


def app(live: Live, **metadata: Any) -> dict[str, Any]:
    """A web application with everything that these stories do."""
    answer = live.client(
        redirect_uris=[BACK],
        post_logout_redirect_uris=[LEFT],
        grant_types=["authorization_code", "refresh_token"],
        **metadata,
    )
    return {"issuer": live.issuer, **answer}


def check(facts: dict[str, Any], client_id: str) -> None:
    """What every confidential story of openid-client must have seen."""
    assert facts["userinfo"]["email"] == "alice@people.example"
    assert facts["claims"]["aud"] == client_id
    assert facts["rotated"]
    assert facts["fresh"]["sub"] == facts["claims"]["sub"]
    assert facts["refused"] == "invalid_grant"
    assert facts["left"] == f"{LEFT}?state=bye"


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post", "access_token_format": "opaque"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "ES256"},
        {
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "PS256",
            "profile": "openid",
        },
        {"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "EdDSA"},
        {"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "HS256"},
    ],
    ids=lambda metadata: "-".join(metadata.values()),
)
def test_openid_client_with_a_secret(node: str, live: Live, person: Person, metadata: dict[str, Any]) -> None:
    """Code + PKCE, ID token, userinfo, refresh, introspection, revocation, RP-initiated logout."""
    given = app(live, **metadata)
    facts = play(node, "openid_client.mjs", person, given)
    check(facts, given["client_id"])
    assert facts["seen"]["active"] is True
    assert facts["after"] == {"active": False}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_openid_client_with_private_key_jwt(node: str, live: Live, person: Person, alg: str) -> None:
    """RFC 7523 §2.2, at the token, introspection and revocation endpoints."""
    parameters = {"kid": "mine", "alg": alg, "use": "sig"}
    key = ECKey.generate_key("P-256", parameters) if alg == "ES256" else RSAKey.generate_key(2048, parameters)
    given = app(live, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.as_dict(private=False)]})
    facts = play(node, "openid_client.mjs", person, given | {"private_jwk": key.as_dict(private=True)})
    check(facts, given["client_id"])
    assert facts["after"] == {"active": False}


def test_openid_client_without_a_secret(node: str, live: Live, person: Person) -> None:
    """RFC 8252: a native application."""
    given = app(live, token_endpoint_auth_method="none", application_type="native")
    check(play(node, "openid_client.mjs", person, given), given["client_id"])


def test_openid_client_by_oauth_metadata(node: str, live: Live, person: Person) -> None:
    """RFC 8414 §3: the other well-known document."""
    given = app(live)
    check(play(node, "openid_client.mjs", person, given | {"algorithm": "oauth2"}), given["client_id"])


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
def test_openid_client_for_itself(node: str, live: Live, person: Person, token_format: str) -> None:
    """RFC 6749 §4.4, RFC 7662, RFC 7009."""
    given = live.client(
        grant_types=["client_credentials"], scope="notes:read notes:write", access_token_format=token_format
    )
    facts = play(node, "openid_client.mjs", person, {"issuer": live.issuer, **given})
    assert (facts["type"], facts["scope"]) == ("bearer", "notes:read")
    assert facts["seen"]["active"] is True
    assert facts["seen"]["scope"] == "notes:read"
    assert facts["after"] == {"active": False}


@pytest.mark.parametrize("discovery", ["oidc", "oauth2"])
def test_oauth4webapi_checks_every_answer(node: str, live: Live, person: Person, discovery: str) -> None:
    """RFC 9207 iss, media types, token_type, at_hash, signatures, challenges: it refuses what deviates."""
    given = app(live, token_endpoint_auth_method="none")
    facts = play(node, "oauth4webapi.mjs", person, given | {"discovery": discovery})
    assert facts["userinfo"]["sub"] == facts["claims"]["sub"]
    assert facts["refused"] == "invalid_token"


def test_oidc_client_ts_in_a_page(node: str, live: Live, person: Person) -> None:
    """A browser library: public client, userinfo, refresh, revocation, sign-out."""
    facts = play(node, "oidc_client_ts.mjs", person, app(live, token_endpoint_auth_method="none"))
    assert facts["profile"]["name"] == "Alice Example"
    assert facts["mine"] == "mine"
    assert facts["rotated"]
    assert facts["signedOut"] == "bye"
