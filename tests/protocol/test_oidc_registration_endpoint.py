"""OpenID Connect Dynamic Client Registration 1.0 §3 and §4: the endpoint itself, with RFC 7591 §3 and RFC 7592 §2."""

from __future__ import annotations

import pytest
from django.test import override_settings

from tests.support.parties import BASE, Http
from tests.support.registration import ADDRESS, METADATA, manage, post, registered

pytestmark = pytest.mark.django_db

PAGE = {"Origin": "https://page.example"}
ASKING = {"Access-Control-Request-Headers": "authorization,content-type"}


def test_pages_of_other_origins_may_register_and_read_what_they_are_told(registration_open: None) -> None:
    """§3: the endpoint SHOULD support CORS; errors can be read as well."""
    preflight = Http().options(ADDRESS, headers=PAGE | ASKING | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    for metadata, status in ((METADATA, 201), ({}, 400)):
        answered = Http().post(ADDRESS, json=metadata, headers=PAGE)
        assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (status, "*")
        assert "access-control-allow-credentials" not in answered.headers


def test_pages_of_other_origins_may_manage_what_they_registered(registration_open: None) -> None:
    """Discovery §3: any endpoint that clients call themselves."""
    told = registered()
    at = told["registration_client_uri"].removeprefix(BASE)
    preflight = Http().options(at, headers=PAGE | ASKING | {"Access-Control-Request-Method": "PUT"})
    assert preflight.headers["access-control-allow-methods"] == "GET, PUT, DELETE"
    bearer = {"Authorization": f"Bearer {told['registration_access_token']}"}
    assert Http().get(at, headers=PAGE | bearer).headers["access-control-allow-origin"] == "*"
    assert Http().get(at, headers=PAGE).headers["access-control-allow-origin"] == "*"


def test_a_closed_server_tells_pages_nothing_either(keys: None) -> None:
    """An address that is not offered has no preflight."""
    asked = Http().options(ADDRESS, headers=PAGE | {"Access-Control-Request-Method": "POST"})
    assert asked.status_code == 404
    assert "access-control-allow-origin" not in asked.headers


def test_open_registration_needs_no_token(registration_open: None) -> None:
    """§3; RFC 7591 §3: it SHOULD accept requests without an access token."""
    assert post(METADATA).status_code == 201


def test_no_two_clients_share_an_identifier_a_secret_or_a_token(registration_open: None) -> None:
    """§3.2: client_id MUST NOT be that of another client, nor client_secret; RFC 7592 §3: nor the access token."""
    answers = [registered() for _ in range(8)]
    for name in ("client_id", "client_secret", "registration_access_token", "registration_client_uri"):
        assert len({answer[name] for answer in answers}) == len(answers)


def test_the_way_back_is_a_whole_address_of_ours(registration_open: None) -> None:
    """§4.1: the server MUST tell the fully qualified URL; §3.2: with its access token, or neither."""
    told = registered()
    assert told["registration_client_uri"] == f"{BASE}{ADDRESS}/{told['client_id']}"
    assert told["registration_access_token"]


def test_reading_changes_nothing(registration_open: None) -> None:
    """§4.2, §4.3: idempotent, and 200 with JSON."""
    told = registered()
    first, second = manage("GET", told), manage("GET", told)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json() == second.json()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_client_that_is_not_there_is_never_404(registration_open: None, method: str) -> None:
    """§4.4, RFC 7592 §2: 401 as Bearer Token Usage says, since 404 would help whoever guesses."""
    told = registered()
    manage("DELETE", told)
    for gone in (told, told | {"registration_client_uri": f"{BASE}{ADDRESS}/nobody"}):
        answered = manage(method, gone, json=METADATA)
        assert answered.status_code == 401
        assert answered.headers["www-authenticate"].startswith("Bearer ")
        assert 'error="invalid_token"' in answered.headers["www-authenticate"]


def test_null_takes_a_member_away(registration_open: None) -> None:
    """RFC 7592 §2.2: a member that is null MUST be treated as one that is left out; at registration too."""
    told = registered(client_uri="https://rp.example/", contacts=None)
    assert "contacts" not in told
    asked = METADATA | {"client_id": told["client_id"], "client_uri": None}
    assert "client_uri" not in manage("PUT", told, json=asked).json()


def test_a_replacement_replaces_and_does_not_add(registration_open: None) -> None:
    """RFC 7592 §2.2: values MUST replace those associated with the client, not augment them."""
    told = registered(redirect_uris=["https://rp.example/1", "https://rp.example/2"], contacts=["a@rp.example"])
    asked = {"client_id": told["client_id"], "redirect_uris": ["https://rp.example/3"], "contacts": ["b@rp.example"]}
    now = manage("PUT", told, json=asked).json()
    assert (now["redirect_uris"], now["contacts"]) == (["https://rp.example/3"], ["b@rp.example"])


@pytest.mark.parametrize(
    "member",
    [
        {"registration_access_token": "chosen"},
        {"registration_client_uri": "https://evil.example/"},
        {"client_secret_expires_at": 1},
        {"client_id_issued_at": 1},
    ],
    ids=str,
)
def test_a_client_sets_nothing_that_is_the_servers(registration_open: None, member: dict[str, object]) -> None:
    """RFC 7592 §2.2: these MUST NOT be in the request; where they are, they change nothing."""
    told = registered()
    answered = manage("PUT", told, json=METADATA | {"client_id": told["client_id"]} | member)
    after = manage("GET", told)
    assert after.status_code == 200
    assert {name: after.json()[name] for name in member} == {name: told[name] for name in member}
    assert answered.status_code in {200, 400}


def test_text_without_a_language_is_kept_as_it_is(registration_open: None) -> None:
    """§2.1, RFC 7591 §2.2: no assumption about language or script; code points stay (§6)."""
    for name in ("Партия", "Zoe\u0308", "Zo\u00eb", "日本"):
        assert registered(client_name=name)["client_name"] == name


def test_a_token_is_asked_for_as_a_bearer_token(registration_by_token: None) -> None:
    """§3: an Initial Access Token MUST be accepted as Bearer Token Usage says; RFC 6750 §3: else a challenge."""
    answered = post(METADATA)
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"].startswith("Bearer realm=")


def test_a_disabled_feature_of_a_method_is_405(registration_open: None) -> None:
    """RFC 7592 §2: a method that is not offered MUST be 405."""
    told = registered()
    for method in ("POST", "PATCH"):
        assert manage(method, told, json=METADATA).status_code == 405
    with override_settings(REGISTRATION="closed"):
        assert manage("GET", told).status_code == 404
