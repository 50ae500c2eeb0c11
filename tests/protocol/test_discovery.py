"""OpenID Connect Discovery §3 and §4, RFC 8414: the documents say what the server does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES
from oauth_server.clients.methods import CLIENT_AUTH_METHODS
from oauth_server.endpoints.token import grants
from tests.support.parties import BASE, Http

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
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
    assert document["grant_types_supported"] == [*grants(), "implicit"]
    assert document["token_endpoint_auth_methods_supported"] == list(CLIENT_AUTH_METHODS)
    assert document["response_modes_supported"] == list(RESPONSE_MODES)
    assert document["response_types_supported"] == list(RESPONSE_TYPES)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True  # RFC 9207 §3
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["request_object_signing_alg_values_supported"]
    assert document["claims_parameter_supported"] is True
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is True
    assert document["require_request_uri_registration"] is True


@pytest.mark.parametrize(
    ("features", "response_types", "grant_types", "by_value"),
    [
        ("", {"code"}, set(), True),
        ("implicit", {"code", "id_token", "id_token token"}, {"implicit"}, True),
        (
            "hybrid,-request_parameter",
            {"code", "code id_token", "code token", "code id_token token"},
            {"implicit"},
            False,
        ),
        ("all,-hybrid,-implicit", {"code"}, set(), True),
    ],
)
def test_what_is_off_does_not_exist(
    features: str, response_types: set[str], grant_types: set[str], by_value: bool
) -> None:
    """OpenID Connect Core §3.2 and §3.3 are off by default; the tables are built when a process starts."""
    program = (
        "import django, json; django.setup()\n"
        "from oauth_server.authorize import request_object, response_modes\n"
        "from oauth_server.clients import fields, profiles\n"
        "print(json.dumps([list(response_modes.RESPONSE_TYPES), sorted(profiles.PROFILES['openid'].response_types),\n"
        "    sorted(profiles.PROFILES['oauth21'].response_types), list(fields.FRONT_CHANNEL_GRANTS),\n"
        "    'request' in request_object.SOURCES]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "oauth_server.settings.development", "DATA_DIR": folder,
                 "FEATURES": features},
        )  # fmt: skip
    table, openid, oauth21, grant, has_request = json.loads(done.stdout.splitlines()[-1])
    assert set(table) == set(openid) == response_types
    assert oauth21 == ["code"]
    assert set(grant) == grant_types
    assert has_request is by_value


def test_every_endpoint_it_names_answers(keys: None) -> None:
    """Discovery §3: none of them is 404."""
    document, http = Http().get(ADDRESSES[0]).json(), Http()
    named = [value for name, value in document.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(named) >= 7
    for address in named:
        assert http.get(address.removeprefix(BASE)).status_code != 404, address
