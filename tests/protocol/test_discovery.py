"""OpenID Connect Discovery §3 and §4, RFC 8414: the documents say what the server does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jws

from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES
from oauth_server.clients.methods import CLIENT_AUTH_METHODS
from oauth_server.endpoints import discovery
from oauth_server.endpoints.token import grants
from tests.support.parties import BASE, Http, Party

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
    """Discovery §3: none of them is 404. RP-Initiated Logout §2.1."""
    document, http = Http().get(ADDRESSES[0]).json(), Http()
    named = [value for name, value in document.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(named) >= 7
    for address in named:
        assert http.get(address.removeprefix(BASE)).status_code != 404, address


def test_what_has_no_element_is_left_out(keys: None, settings: Any) -> None:
    """Discovery §3.1.2, RFC 8414 §3.2: claims with zero elements MUST be omitted."""
    settings.LANGUAGES = []
    discovery._printed.cache_clear()
    document = Http().get(ADDRESSES[0]).json()
    discovery._printed.cache_clear()
    assert "ui_locales_supported" not in document
    assert not [name for name, value in document.items() if value in ([], None, "")]


def test_every_required_member_is_there(keys: None) -> None:
    """Discovery §3, RFC 8414 §2: those that are REQUIRED, and those that are RECOMMENDED."""
    document = Http().get(ADDRESSES[0]).json()
    assert {
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
        "subject_types_supported", "id_token_signing_alg_values_supported",
        "userinfo_endpoint", "scopes_supported", "claims_supported",
    } <= document.keys()  # fmt: skip
    assert "openid" in document["scopes_supported"]
    assert {"profile", "email", "address", "phone", "offline_access"} <= set(document["scopes_supported"])
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    for endpoint in ("token", "introspection", "revocation"):
        algorithms = document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert "RS256" in algorithms
        assert "none" not in algorithms


def test_every_address_is_the_issuers_own(keys: None) -> None:
    """Discovery §3: each MUST use the issuer's https in production; no query, no fragment in the issuer."""
    document = Http().get(ADDRESSES[0]).json()
    addresses = [value for value in document.values() if isinstance(value, str) and "://" in value]
    assert len(addresses) >= 8
    assert all(address.startswith(document["issuer"]) for address in addresses)
    assert not set("?#") & set(document["issuer"])


def test_the_issuer_is_that_of_every_token(service: Party, keys: None) -> None:
    """Discovery §3, §3.1.3, Core §16.15: identical to iss; ID tokens are looked at in the tests of Core §2."""
    issuer = Http().get(ADDRESSES[0]).json()["issuer"]
    token = service.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert service.introspect(token)["iss"] == issuer
    assert json.loads(jws.extract_compact(token.encode()).payload)["iss"] == issuer


def test_it_is_read_by_get(keys: None) -> None:
    """Discovery §3.1.1: an HTTP GET request; whatever Accept says, the answer is JSON (§3.1)."""
    assert Http().post(ADDRESSES[0]).status_code == 405
    answer = Http().get(ADDRESSES[0], headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_keys_say_what_they_are_for(keys: None) -> None:
    """Discovery §3 jwks_uri: with keys to sign and to encrypt, use is REQUIRED; none is shared, none is private."""
    published = Http().get("/oauth/jwks").json()["keys"]
    assert {key["use"] for key in published} == {"sig", "enc"}
    materials = [key.get("n") or key.get("x") for key in published]
    assert len(set(materials)) == len(materials)
    assert not [key for key in published if key["kty"] == "oct" or "d" in key]
