"""Authlib and requests-oauthlib, unmodified, against a running server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError as AuthlibError
from authlib.integrations.httpx_client import OAuth2Client as HttpxSession
from authlib.integrations.requests_client import OAuth2Session as RequestsSession
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.jwk import RSAKey
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests_oauthlib import OAuth2Session

from tests.support.live import Live
from tests.support.person import Person
from tests.support.programs import program
from tests.support.services import free_port

BACK = "http://127.0.0.1:25900/callback"
SCOPE = "openid profile email offline_access"


@pytest.fixture(scope="module")
def web(live: Live) -> dict[str, Any]:
    return live.client(redirect_uris=[BACK], grant_types=["authorization_code", "refresh_token"])


@pytest.fixture(scope="module")
def service(live: Live) -> dict[str, Any]:
    return live.client(grant_types=["client_credentials"], scope="notes:read notes:write")


@pytest.fixture(scope="module")
def addresses(live: Live) -> dict[str, Any]:
    return live.metadata()


@pytest.mark.parametrize("session_class", [RequestsSession, HttpxSession])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib(live: Live, addresses: dict[str, Any], person: Person, session_class: Any, method: str) -> None:
    """Code + PKCE, userinfo, refresh, introspection, revocation."""
    client = live.client(
        redirect_uris=[BACK], grant_types=["authorization_code", "refresh_token"], token_endpoint_auth_method=method
    )
    with session_class(
        client["client_id"],
        client.get("client_secret"),
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=BACK,
        code_challenge_method="S256",
    ) as session:
        verifier = generate_token(48)
        url, state = session.create_authorization_url(
            addresses["authorization_endpoint"], code_verifier=verifier, nonce="n", prompt="consent"
        )
        back = person.go(url, BACK)
        token = session.fetch_token(
            addresses["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
        )
        assert session.get(addresses["userinfo_endpoint"]).json()["email"] == "alice@people.example"
        fresh = session.refresh_token(addresses["token_endpoint"], token["refresh_token"])
        assert fresh["refresh_token"] != token["refresh_token"]
        if method != "none":
            seen = session.introspect_token(addresses["introspection_endpoint"], fresh["access_token"]).json()
            assert (seen["active"], seen["username"]) == (True, "alice")
        gone = session.revoke_token(
            addresses["revocation_endpoint"], fresh["refresh_token"], token_type_hint="refresh_token"
        )
        assert gone.status_code == 200
        with pytest.raises(AuthlibError, match="invalid_grant"):
            session.refresh_token(addresses["token_endpoint"], fresh["refresh_token"])


@pytest.mark.parametrize("session_class", [RequestsSession, HttpxSession])
def test_authlib_for_itself(addresses: dict[str, Any], service: dict[str, Any], session_class: Any) -> None:
    """RFC 6749 §4.4."""
    with session_class(service["client_id"], service["client_secret"], scope="notes:read") as session:
        token = session.fetch_token(addresses["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "notes:read"
        seen = session.introspect_token(addresses["introspection_endpoint"], token["access_token"]).json()
        assert seen["client_id"] == service["client_id"]
        assert session.revoke_token(addresses["revocation_endpoint"], token["access_token"]).status_code == 200
        seen = session.introspect_token(addresses["introspection_endpoint"], token["access_token"]).json()
        assert seen == {"active": False}


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_authlib_with_an_assertion(live: Live, addresses: dict[str, Any], method: str) -> None:
    """RFC 7523 §2.2: Authlib puts the token endpoint into aud, which the profile openid allows."""
    key = RSAKey.generate_key(2048, {"kid": "mine", "alg": "RS256", "use": "sig"})
    more = {"jwks": {"keys": [key.as_dict(private=False)]}} if method == "private_key_jwt" else {}
    client = live.client(
        grant_types=["client_credentials"], scope="a", token_endpoint_auth_method=method, profile="openid", **more
    )
    secret = key.as_pem(private=True) if method == "private_key_jwt" else client["client_secret"]
    with RequestsSession(client["client_id"], secret, token_endpoint_auth_method=method) as session:
        assertion = (
            PrivateKeyJWT(addresses["token_endpoint"], headers={"kid": "mine"})
            if method == "private_key_jwt"
            else ClientSecretJWT(addresses["token_endpoint"])
        )
        session.register_client_auth_method(assertion)
        token = session.fetch_token(addresses["token_endpoint"], grant_type="client_credentials")
        assert token["token_type"] == "Bearer"


def test_requests_oauthlib(addresses: dict[str, Any], web: dict[str, Any], person: Person) -> None:
    """Code + PKCE and refresh; oauthlib raises when the granted scope is not the one asked for."""
    with OAuth2Session(web["client_id"], redirect_uri=BACK, scope=SCOPE.split(), pkce="S256") as session:
        url, _ = session.authorization_url(addresses["authorization_endpoint"], prompt="consent")
        back = person.go(url, BACK)
        token = session.fetch_token(
            addresses["token_endpoint"], authorization_response=back, client_secret=web["client_secret"]
        )
        assert session.get(addresses["userinfo_endpoint"]).json()["name"] == "Alice Example"
        basic = requests.auth.HTTPBasicAuth(web["client_id"], web["client_secret"])
        fresh = session.refresh_token(addresses["token_endpoint"], auth=basic)
        assert fresh["refresh_token"] != token["refresh_token"]
        with pytest.raises(InvalidGrantError):
            session.refresh_token(addresses["token_endpoint"], refresh_token=token["refresh_token"], auth=basic)


def test_requests_oauthlib_for_itself(addresses: dict[str, Any], service: dict[str, Any]) -> None:
    """RFC 6749 §4.4."""
    backend = BackendApplicationClient(service["client_id"], scope=["notes:write", "notes:read"])
    with OAuth2Session(client=backend) as session:
        token = session.fetch_token(addresses["token_endpoint"], client_secret=service["client_secret"])
        assert set(token["scope"]) == {"notes:read", "notes:write"}


def test_requests_oauthlib_hears_a_no(addresses: dict[str, Any], web: dict[str, Any], person: Person) -> None:
    """RFC 6749 §4.1.2.1: the person presses Deny."""
    with OAuth2Session(web["client_id"], redirect_uri=BACK, scope=SCOPE.split(), pkce="S256") as session:
        url, state = session.authorization_url(addresses["authorization_endpoint"], prompt="consent")
        back = parse_qs(urlsplit(person.go(url, BACK, press=("id_deny",))).query)
        assert back["error"] == ["access_denied"]
        assert back["state"] == [state]


@pytest.fixture(scope="module")
def dot_api(live: Live, addresses: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Stock django-oauth-toolkit as a separate resource server."""
    port = free_port()
    caller = live.client(grant_types=["client_credentials"], introspects=["*"])
    dot_api = Path(__file__).with_name("dot_api.py")
    database = tmp_path_factory.mktemp("dot") / "db.sqlite3"
    arguments = [
        str(port),
        addresses["introspection_endpoint"],
        caller["client_id"],
        caller["client_secret"],
        str(database),
    ]
    with program([sys.executable, str(dot_api), *arguments], port, live.folder / "dot.log"):
        yield f"http://127.0.0.1:{port}"


def test_django_oauth_toolkit_as_a_separate_resource_server(
    live: Live, addresses: dict[str, Any], dot_api: str, person: Person
) -> None:
    """RFC 7662: it makes the person by username, and compares aud with its own address."""
    clients = live.clients(
        web={"redirect_uris": [BACK], "audience": [dot_api], "scope": "openid notes:read"},
        service={"grant_types": ["client_credentials"], "scope": "notes:read other", "audience": [dot_api]},
        elsewhere={"grant_types": ["client_credentials"], "scope": "notes:read"},
    )

    def call(token: str) -> httpx2.Response:
        return httpx2.get(f"{dot_api}/songs", headers={"Authorization": f"Bearer {token}"})

    def own(name: str, scope: str) -> str:
        client = clients[name]
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = httpx2.post(
            addresses["token_endpoint"], data=form, auth=(client["client_id"], client["client_secret"])
        )
        token: str = answer.json()["access_token"]
        return token

    web = clients["web"]
    with OAuth2Session(web["client_id"], redirect_uri=BACK, scope=["openid", "notes:read"], pkce="S256") as session:
        back = person.go(session.authorization_url(addresses["authorization_endpoint"])[0], BACK)
        tokens = session.fetch_token(
            addresses["token_endpoint"], authorization_response=back, client_secret=web["client_secret"]
        )
    assert call(tokens["access_token"]).json() == {"user": "alice", "scope": "openid notes:read"}
    assert call(own("service", "notes:read")).json() == {"user": None, "scope": "notes:read"}
    assert call(own("service", "other")).status_code == 403
    assert call(own("elsewhere", "notes:read")).status_code in {401, 403}
    assert call(tokens["id_token"]).status_code in {401, 403}
