"""OpenID Connect Dynamic Client Registration 1.0, and software statements (RFC 7591 §2.3)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authlib.oidc.registration import ClientMetadataClaims
from django.test import override_settings
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import AuditEvent, Client
from oauth_server.settings import environment
from tests.support.front_channel import Browser, answer, claims_of, exchange
from tests.support.registration import CALLBACK, METADATA, Web, manage, party, post, registered

pytestmark = pytest.mark.django_db

SECTOR = "https://sector.example/uris.json"
ISSUER = "https://trust.example"
TRUSTED = ECKey.generate_key("P-256", {"kid": "one"})


def test_every_member_of_section_2_that_is_used_is_told_again(registration_open: None) -> None:
    """§2, §3.2."""
    asked = METADATA | {
        "application_type": "web", "subject_type": "public", "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256", "token_endpoint_auth_method": "client_secret_jwt",
        "token_endpoint_auth_signing_alg": "HS256", "default_max_age": 3600, "require_auth_time": True,
        "default_acr_values": ["2", "1"], "initiate_login_uri": "https://rp.example/login",
        "post_logout_redirect_uris": ["https://rp.example/bye"],
    }  # fmt: skip
    told = registered(**asked)
    assert told.items() >= asked.items()
    ClientMetadataClaims(told, {}).validate()
    assert manage("GET", told).json().items() >= asked.items()


def test_the_defaults_of_section_2(registration_open: None) -> None:
    """§2: code, authorization_code, web, RS256, client_secret_basic."""
    told = registered()
    assert told["response_types"] == ["code"]
    assert told["grant_types"] == ["authorization_code"]
    assert told["application_type"] == "web"
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told["token_endpoint_auth_method"] == "client_secret_basic"


@pytest.mark.parametrize(
    "members",
    [
        {"response_modes": ["magic"]}, {"default_max_age": None}, {"token_endpoint_auth_signing_alg": "magic"},
        {"x_vendor": {"deep": [1]}}, {"jwks_uri": "https://unreachable.invalid/jwks"},
        {"software_statement": "anything"}, {"client_name#": "x"}, {"tls_client_auth_subject_dn": 7},
    ],
)  # fmt: skip
def test_what_is_not_used_does_not_fail_a_registration(registration_open: None, members: dict[str, Any]) -> None:
    """Interop 5; §2: members that are not understood are ignored."""
    told = registered(**members)
    assert told.keys() & members.keys() <= {"jwks_uri"}


@pytest.mark.parametrize("uri", ["http://localhost:3000/cb", "http://127.0.0.1:3000/cb", "http://[::1]:3000/cb"])
def test_a_developer_may_come_back_to_this_machine(registration_open: None, uri: str) -> None:
    """Interop 11; §2 asks it of native clients alone, developers need it of web clients: by policy."""
    assert registered(redirect_uris=[uri])["redirect_uris"] == [uri]


def test_a_fragment_is_refused(registration_open: None) -> None:
    """§2, RFC 6749 §3.1.2: the module oidcc-redirect-uri-query-regfrag."""
    answered = post(METADATA | {"redirect_uris": [CALLBACK + "#frag"]})
    assert answered.status_code == 400
    assert answered.json()["error"] == "invalid_redirect_uri"


def test_a_sector_is_looked_at_and_used(registration_open: None, web: Web, browser: Browser, person: User) -> None:
    """§5; Core §8.1: every redirect URI is in the array; then clients of the sector share their subjects."""
    uris = ["https://app.example/callback", "https://two.example/cb"]
    web.bodies[SECTOR] = json.dumps([*uris, "https://third.example/cb"]).encode()
    subjects = set()
    browser.sign_in(person)
    for own in (uris, [uris[0], "https://third.example/cb"]):
        told = registered(redirect_uris=own, subject_type="pairwise", sector_identifier_uri=SECTOR)
        assert told["sector_identifier_uri"] == SECTOR
        rp = party(told)
        done = browser.walk(browser.authorize(rp), person)
        subjects.add(claims_of(exchange(rp, answer(done)["code"]))["sub"])
    assert web.asked == [SECTOR, SECTOR]
    assert len(subjects) == 1


@pytest.mark.parametrize(
    "body",
    [None, b"", b"{}", b'"https://rp.example/cb"', b"[]", b'["https://rp.example/other"]', b'[["https://rp.example/cb"]]',
     b'["https://rp.example/cb", 7]', b"[" * 100_000, b"\xff", b"<html>", b'["https://rp.example/CB"]'],
)  # fmt: skip
@pytest.mark.parametrize("subject_type", ["pairwise", "public"])
def test_a_sector_that_does_not_list_the_redirect_uris_is_refused(
    registration_open: None, web: Web, body: bytes | None, subject_type: str
) -> None:
    """§5: 400 invalid_client_metadata, by name; what stands behind the address is not told."""
    if body is not None:
        web.bodies[SECTOR] = body
    answered = post(METADATA | {"subject_type": subject_type, "sector_identifier_uri": SECTOR})
    assert answered.status_code == 400
    assert answered.json()["error"] == "invalid_client_metadata"
    assert answered.json()["error_description"].startswith("sector_identifier_uri")
    assert "10.0.0.7" not in answered.text
    assert not Client.objects.exists()


def test_a_replacement_shows_its_right_to_the_sector_again(registration_open: None, web: Web) -> None:
    """RFC 7592 §2.2: validated as at registration; else a client could leave its sector's list and stay in the sector."""
    web.bodies[SECTOR] = json.dumps([CALLBACK]).encode()
    told = registered(subject_type="pairwise", sector_identifier_uri=SECTOR)
    own = METADATA | {"client_id": told["client_id"], "subject_type": "pairwise", "sector_identifier_uri": SECTOR}
    assert manage("PUT", told, json=own).status_code == 200
    assert manage("PUT", told, json=own | {"redirect_uris": ["https://rp.example/x"]}).status_code == 400


def test_an_initial_access_token_comes_before_any_fetch(registration_by_token: None, web: Web) -> None:
    """RFC 7591 §5: a stranger makes us call nobody."""
    assert post(METADATA | {"sector_identifier_uri": SECTOR}).status_code == 401
    assert web.asked == []


@pytest.mark.parametrize(
    "uri", ["http://sector.example/x", "file:///etc/passwd", "https://user@sector.example/", 7, "x"]
)
def test_a_sector_is_an_https_address(registration_open: None, web: Web, uri: Any) -> None:
    """§5: https."""
    assert post(METADATA | {"sector_identifier_uri": uri}).status_code == 400
    assert web.asked == []


# Software statements.


@pytest.fixture
def trusting(registration_open: None) -> Iterator[None]:
    """One issuer is trusted."""
    with override_settings(SOFTWARE_STATEMENT_ISSUERS={ISSUER: {"keys": [TRUSTED.as_dict(private=False)]}}):
        yield


def statement(key: Any = TRUSTED, alg: str = "ES256", typ: str | None = None, **claims: Any) -> str:
    header = {"alg": alg} | ({"typ": typ} if typ else {})
    return jwt.encode(header, {"iss": ISSUER, "client_name": "As Signed", **claims}, key, algorithms=[alg])


def test_a_statements_word_goes_before_the_clients(trusting: None) -> None:
    """RFC 7591 §2.3, §3.2.1: it takes precedence, and is told again as it came."""
    signed = statement(
        redirect_uris=["https://signed.example/cb"], software_id="s", jwks_uri="https://signed.example/jwks"
    )
    told = registered(
        software_statement=signed, client_name="As Claimed", contacts=["a@rp.example"],
        jwks={"keys": [TRUSTED.as_dict(private=False)]},
    )  # fmt: skip
    assert told["client_name"] == "As Signed"
    assert told["redirect_uris"] == ["https://signed.example/cb"]
    assert told["contacts"] == ["a@rp.example"]
    assert told["software_statement"] == signed
    assert told["jwks_uri"] == "https://signed.example/jwks"
    assert "jwks" not in told
    assert manage("GET", told).json()["software_statement"] == signed


def test_a_statement_does_not_widen_what_a_client_may_do(trusting: None) -> None:
    """§5: its issuer is trusted to describe software, not to grant rights here."""
    told = registered(software_statement=statement(skip_authorization=True, introspects=["*"], scope="openid admin"))
    assert told["skip_authorization"] is False
    assert told["scope"] == "openid"
    assert "introspects" not in told


@pytest.mark.parametrize(
    ("signed", "error"),
    [
        ("x", "invalid_software_statement"),
        (7, "invalid_software_statement"),
        ({}, "invalid_software_statement"),
        (statement(ECKey.generate_key("P-256")), "invalid_software_statement"),
        (statement(exp=int(time.time()) - 3_600), "invalid_software_statement"),
        (statement(nbf=int(time.time()) + 36_000), "invalid_software_statement"),
        (statement(iss=""), "invalid_software_statement"),
        (statement(typ="at+jwt"), "invalid_software_statement"),
        (statement(OctKey.import_key("0" * 64), alg="HS256"), "invalid_software_statement"),
        ("eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3RydXN0LmV4YW1wbGUifQ.", "invalid_software_statement"),
        (statement(iss="https://stranger.example"), "unapproved_software_statement"),
        (statement(redirect_uris=["javascript:x"]), "invalid_redirect_uri"),
    ],
)
def test_a_statement_that_is_no_good_is_refused(trusting: None, signed: Any, error: str) -> None:
    """RFC 7591 §3.2.2."""
    answered = post(METADATA | {"software_statement": signed})
    assert answered.status_code == 400
    assert answered.json()["error"] == error
    assert AuditEvent.objects.get(name="client:registration:refused").facts["error"] == error


def test_without_a_trusted_issuer_a_statement_says_nothing(registration_open: None) -> None:
    """RFC 7591 §3.1.1: a server without the feature ignores it."""
    told = registered(software_statement=statement())
    assert told["client_name"] == METADATA["client_name"]
    assert "software_statement" not in told


def test_the_operator_names_the_issuers_in_a_file(tmp_path: Path) -> None:
    """RFC 7591 §2.3: whom a server trusts is its own business; a malformed file stops the start with the setting's name."""
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps({ISSUER: {"keys": [TRUSTED.as_dict(private=False)]}}))
    read = environment.load({"SOFTWARE_STATEMENT_ISSUERS": str(file)})
    assert read["SOFTWARE_STATEMENT_ISSUERS"].keys() == {ISSUER}
    assert environment.load({})["SOFTWARE_STATEMENT_ISSUERS"] == {}
    for text in ("[]", "{", '{"https://x.example": []}', '{"https://x.example": {"keys": 7}}'):
        file.write_text(text)
        with pytest.raises(environment.BadSetting, match="SOFTWARE_STATEMENT_ISSUERS"):
            environment.load({"SOFTWARE_STATEMENT_ISSUERS": str(file)})
    with pytest.raises(environment.BadSetting, match="SOFTWARE_STATEMENT_ISSUERS"):
        environment.load({"SOFTWARE_STATEMENT_ISSUERS": str(tmp_path / "nowhere.json")})


def test_a_registered_client_that_signs_with_its_secret_can(registration_open: None) -> None:
    """Core §10.1: the secret has the length that its algorithm asks for."""
    told = registered(token_endpoint_auth_method="client_secret_jwt", token_endpoint_auth_signing_alg="HS512")
    assert len(told["client_secret"]) >= 64
    client = registry.get(told["client_id"])
    assert client is not None
    assert client.secrets[0].wrapped
