"""10 and 11 of the interoperability list: clients inside a private network, which an operator permits by name."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.live import Live, live_server
from tests.support.live_party import BACK, Party, payload
from tests.support.person import Person
from tests.support.receiver import Receiver, receiver
from tests.support.workers import worker

KEY = RSAKey.generate_key(2048, {"kid": "inside", "alg": "RS256", "use": "sig"})


@pytest.fixture(scope="module")
def inside() -> Iterator[Receiver]:
    """A relying party on a private address."""
    with receiver() as listening:
        listening.pages["/jwks"] = json.dumps({"keys": [KEY.as_dict(private=False)]})
        yield listening


@pytest.fixture(scope="module")
def permitting() -> Iterator[Live]:
    """A server whose operator names the range, with a worker that delivers."""
    with live_server(OUTBOUND_ALLOW="127.0.0.1/32") as server, worker(server.environment, server.folder):
        yield server


def with_keys(live: Live, inside: Receiver, **more: Any) -> dict[str, Any]:
    """A client whose keys lie at its own address."""
    return live.client(
        profile="openid",  # Authlib's assertions live an hour
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="RS256",
        jwks_uri=f"{inside.origin}/jwks",
        **more,
    )


def ask(live: Live, client_id: str) -> str:
    """Authlib asks for a token with an assertion; what it raises, or nothing."""
    with OAuth2Session(client_id, KEY.as_pem(private=True), token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(live.issuer, headers={"kid": "inside"}))
        try:
            token = session.fetch_token(f"{live.issuer}/oauth/token", grant_type="client_credentials")
        except OAuthError as refused:
            return str(refused.error)
        return "" if token["access_token"] else "no token"


def by_reference(live: Live, inside: Receiver, person: Person) -> dict[str, list[str]]:
    """An authorization request at a request_uri inside; the answer."""
    registration = with_keys(live, inside, redirect_uris=[BACK], request_uris=[f"{inside.origin}/request"])
    now = int(time.time())
    inside.pages["/request"] = jwt.encode(
        {"alg": "RS256", "kid": "inside", "typ": "oauth-authz-req+jwt"},
        {
            "iss": registration["client_id"],
            "aud": live.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
            "client_id": registration["client_id"],
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": "openid",
            "state": "inside",
        },
        KEY,
    )
    query = {
        "client_id": registration["client_id"],
        "request_uri": f"{inside.origin}/request",
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": BACK,
    }
    return parse_qs(urlsplit(person.go(f"{live.issuer}/oauth/authorize?{urlencode(query)}", BACK)).query)


def test_10_keys_and_requests_inside_are_fetched_where_the_operator_permits(
    permitting: Live, inside: Receiver, person: Person
) -> None:
    """10: jwks_uri and request_uri on a private address, over plain http and on any port."""
    client = with_keys(permitting, inside, grant_types=["client_credentials"])
    assert ask(permitting, client["client_id"]) == ""
    answer = by_reference(permitting, inside, person)
    assert (answer["state"], "code" in answer) == (["inside"], True)


def test_10_and_nowhere_else(live: Live, inside: Receiver, person: Person) -> None:
    """10: without the setting nothing is connected to, and the client hears no more than that it did not work."""
    inside.paths.clear()
    client = with_keys(live, inside, grant_types=["client_credentials"])
    assert ask(live, client["client_id"]) == "invalid_client"
    assert by_reference(live, inside, person)["error"] == ["invalid_request_uri"]
    assert inside.paths == []


def test_10_and_11_a_logout_token_reaches_an_address_inside_that_has_a_query(
    permitting: Live, inside: Receiver, person: Person
) -> None:
    """Back-Channel Logout §2.2: the query of the registered address stays."""
    party = Party(
        permitting,
        permitting.client(redirect_uris=[BACK], backchannel_logout_uri=f"{inside.origin}/out?tenant=one&b=2"),
    )
    tokens = party.sign_in(person)
    person.go(f"{permitting.issuer}/oauth/logout")
    assert inside.wait(lambda: bool(inside.forms), 30)
    assert inside.paths[-1] == "/out?tenant=one&b=2"
    token = payload(inside.tokens[0])
    assert (token["aud"], token["sub"]) == (party.id, payload(tokens["id_token"])["sub"])
    party.web.close()


@pytest.mark.parametrize("address", ["http://localhost:3000/cb", "http://127.0.0.1:3000/cb", "http://[::1]:3000/cb"])
@pytest.mark.parametrize("application_type", ["web", "native"])
def test_11_development_clients_live_on_this_machine(live: Live, address: str, application_type: str) -> None:
    """11: type web too; a web client elsewhere needs https."""
    answer = live.client(redirect_uris=[address], application_type=application_type)
    assert answer["redirect_uris"] == [address]
