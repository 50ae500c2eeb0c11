"""OpenID Connect Discovery §3 and §4, RFC 8414: the documents say what the server does."""

from __future__ import annotations

import json

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES
from oauth_server.clients.methods import CLIENT_AUTH_METHODS
from oauth_server.endpoints.token import grants
from tests.support.parties import BASE, Http

pytestmark = pytest.mark.django_db

ADDRESSES = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_document_stands_at_both_addresses_and_may_be_cached(keys: None, address: str) -> None:
    """RFC 8414 §3, Discovery §4; interop 12 and 23."""
    http = Http()
    answer = http.get(address, headers={"Origin": "https://spa.example"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["issuer"] == BASE
    assert http.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_another_library_finds_the_metadata_valid(keys: None) -> None:
    """Authlib validates both dialects; https is asked for by its rule, so the document is shown to it as such."""
    document = Http().get(ADDRESSES[0]).text.replace("http://127.0.0.1:8000", "https://op.example")
    OpenIDProviderMetadata(json.loads(document)).validate()
    AuthorizationServerMetadata(json.loads(document)).validate()


def test_discovery_prints_the_tables_that_the_server_runs_on(keys: None) -> None:
    """It cannot lie: each list is a table."""
    document = Http().get(ADDRESSES[0]).json()
    assert document["grant_types_supported"] == list(grants())
    assert document["token_endpoint_auth_methods_supported"] == list(CLIENT_AUTH_METHODS)
    assert document["response_modes_supported"] == list(RESPONSE_MODES)
    assert document["response_types_supported"] == list(RESPONSE_TYPES)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True  # RFC 9207 §3
    assert "none" not in document["id_token_signing_alg_values_supported"]


def test_every_endpoint_it_names_answers(keys: None) -> None:
    """Discovery §3: none of them is 404."""
    document, http = Http().get(ADDRESSES[0]).json(), Http()
    named = [value for name, value in document.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(named) >= 7
    for address in named:
        assert http.get(address.removeprefix(BASE)).status_code != 404, address
