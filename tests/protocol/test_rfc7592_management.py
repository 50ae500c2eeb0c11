"""RFC 7592: a client reads, replaces and deletes its own registration."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_server.clients import metadata, registry
from oauth_server.models import AuditEvent, Client, Registration
from oauth_server.tokens.standing import disable_client
from tests.support.parties import BASE, Http
from tests.support.registration import METADATA, manage, party, post, registered

pytestmark = pytest.mark.django_db


def test_a_client_reads_what_is_registered(registration_open: None) -> None:
    """§2.1, §3: 200, all members, the way back; OpenID Registration §4.3: no new secret."""
    told = registered(client_uri="https://rp.example/", initiate_login_uri="https://rp.example/login")
    answered = manage("GET", told)
    assert answered.status_code == 200
    assert answered.headers["cache-control"] == "no-store"
    assert answered.json() == {name: value for name, value in told.items() if name != "client_secret"}


def test_a_public_client_reads_of_no_secret(registration_open: None) -> None:
    """§3."""
    told = registered(token_endpoint_auth_method="none")
    assert manage("GET", told).json() == told


def test_a_client_replaces_its_metadata(registration_open: None) -> None:
    """§2.2: what is left out goes back to its default; the secret and the token stay as they are."""
    told = registered(client_uri="https://rp.example/", contacts=["a@rp.example"])
    asked = METADATA | {
        "client_id": told["client_id"],
        "client_name": "New",
        "redirect_uris": ["https://rp.example/new"],
    }
    answered = manage("PUT", told, json=asked | {"client_secret": told["client_secret"]})
    assert answered.status_code == 200, answered.text
    assert answered.json()["client_name"] == "New"
    assert answered.json()["redirect_uris"] == ["https://rp.example/new"]
    assert not {"client_uri", "contacts", "client_secret"} & answered.json().keys()
    assert answered.json()["client_secret_expires_at"] == 0
    assert answered.json()["registration_access_token"] == told["registration_access_token"]
    assert manage("GET", told).json() == answered.json()
    client = registry.get(told["client_id"])
    assert client is not None
    assert client.redirect_uris == ("https://rp.example/new",)
    assert AuditEvent.objects.filter(name="client:registration:updated").count() == 1


def test_a_client_may_send_back_what_it_was_told(registration_open: None) -> None:
    """§2.2 forbids some members of the answer in the request; clients send them all the same, and they say nothing new."""
    told = registered()
    assert manage("PUT", told, json=told).json() == {n: v for n, v in told.items() if n != "client_secret"}


def test_a_client_that_becomes_confidential_gets_its_secret(registration_open: None) -> None:
    """§3: a secret that is new is told."""
    told = registered(token_endpoint_auth_method="none")
    again = manage("PUT", told, json=METADATA | {"client_id": told["client_id"]}).json()
    assert again["client_secret"]
    assert again["client_secret_expires_at"] == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": "another"}, "client_id"),
        ({"client_id": 7}, "client_id"),
        ({"client_secret": "wrong"}, "client_secret"),
        ({"client_secret": 7}, "client_secret"),
        ({"client_name": 7}, "client_name"),
        ({"redirect_uris": []}, "redirect_uris"),
    ],
)
def test_a_wrong_replacement_changes_nothing(registration_open: None, changes: dict[str, Any], named: str) -> None:
    """§2.2: client_id must be the own one, client_secret the present one, the rest as at registration."""
    told = registered()
    answered = manage("PUT", told, json=METADATA | {"client_id": told["client_id"]} | changes)
    assert answered.status_code == 400
    assert named in answered.json()["error_description"]
    assert manage("GET", told).json()["client_name"] == METADATA["client_name"]


def test_what_an_operator_set_is_not_the_clients_to_change(registration_open: None) -> None:
    """§2.2, RFC 7591 §5: neither by saying otherwise nor by silence."""
    told = registered()
    _, answer = metadata.update(
        told["client_id"], METADATA | {"profile": "openid", "introspects": ["*"], "audience": ["https://api.example"],
                                       "skip_authorization": True}, now=timezone.now(),
    )  # fmt: skip
    own = METADATA | {"client_id": told["client_id"]}
    for asked in (own, own | {"profile": "oauth21", "introspects": [], "skip_authorization": False}):
        after = manage("PUT", told, json=asked).json()
        assert after["profile"] == answer["profile"] == "openid"
        assert after["introspects"] == ["*"]
        assert after["audience"] == ["https://api.example"]
        assert after["skip_authorization"] is True


def test_a_scope_that_an_operator_gave_stays_when_the_client_names_it(registration_open: None) -> None:
    """§2.2: what was read may be sent back; more than that it gives itself no scope."""
    told = registered()
    metadata.update(told["client_id"], METADATA | {"scope": "openid api:read"}, now=timezone.now())
    registry.forget()
    own = METADATA | {"client_id": told["client_id"], "scope": "openid api:read api:write"}
    assert manage("PUT", told, json=own).json()["scope"] == "openid api:read"


def test_a_deleted_client_is_gone_with_all_that_it_had(registration_open: None) -> None:
    """§2.3: 204 without content; then its token is 401, and so is the client."""
    told = registered(grant_types=["client_credentials"], redirect_uris=[])
    session = party(told).session()
    token = session.fetch_token(f"{BASE}/oauth/token", grant_type="client_credentials")
    answered = manage("DELETE", told)
    assert answered.status_code == 204
    assert answered.content == b""
    assert not Client.objects.exists()
    assert not Registration.objects.exists()
    for method in ("GET", "PUT", "DELETE"):
        again = manage(method, told, json=METADATA)
        assert again.status_code == 401
        assert 'error="invalid_token"' in again.headers["www-authenticate"]
    assert party(told).http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(told["client_id"], told["client_secret"])).status_code == 401  # fmt: skip
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert Http().get("/oauth/userinfo", headers=headers).status_code == 401
    assert AuditEvent.objects.filter(name="client:registration:deleted", client_id=told["client_id"]).exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_elses_token_opens_a_registration(registration_open: None, method: str) -> None:
    """§2: 401 as RFC 6750 says; another client's token, a wrong one and none at all look the same to the client."""
    mine, other = registered(), registered()
    for wrong in (other["registration_access_token"], "gth_rat_" + "0" * 49, "x", mine["client_secret"]):
        answered = manage(method, mine, wrong, json=METADATA)
        assert answered.status_code == 401
        assert answered.json()["error"] == "invalid_token"
    assert Http().request(method, mine["registration_client_uri"]).status_code == 401
    unknown = mine | {"registration_client_uri": f"{BASE}/oauth/register/unknown"}
    assert manage(method, unknown).status_code == 401
    assert Client.objects.count() == 2


def test_a_registration_access_token_is_good_for_nothing_else(registration_open: None) -> None:
    """§1.2, RFC 7591 §1.2: it is no access token and no initial access token."""
    told = registered()
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    assert Http().get("/oauth/userinfo", headers=headers).status_code == 401
    assert post(METADATA, told["registration_access_token"]).status_code == 401


def test_a_malformed_token_costs_no_statement(registration_open: None) -> None:
    """Guessing is cheap to refuse: the checksum is looked at before the database (only the refusal is recorded)."""
    told = registered()
    with CaptureQueriesContext(connection) as asked:
        manage("GET", told, "gth_rat_x")
    assert not [
        query for query in asked.captured_queries if "registration" in query["sql"] and "SELECT" in query["sql"]
    ]


def test_a_disabled_client_manages_nothing(registration_open: None) -> None:
    """§2.1: an operator shut it out; it cannot come back by changing itself."""
    told = registered()
    disable_client(told["client_id"], timezone.now())
    assert [manage(method, told, json=METADATA).status_code for method in ("GET", "PUT", "DELETE")] == [401] * 3


def test_a_client_of_the_operators_has_no_such_door(registration_open: None) -> None:
    """§1.2: only who registered over the network was given a token."""
    row, answer = metadata.register(METADATA, now=timezone.now())
    assert "registration_access_token" not in answer
    told = registered() | {"registration_client_uri": f"{BASE}/oauth/register/{row.client_id}"}
    assert manage("GET", told).status_code == 401


def test_other_methods_are_refused(registration_open: None) -> None:
    """§2."""
    answered = manage("POST", registered(), json=METADATA)
    assert answered.status_code == 405
    assert answered.headers["allow"] == "GET, PUT, DELETE"


@pytest.mark.parametrize("path", ["<str:client_id>", "%00", "%C3%A9", "x" * 3_000, "%2e%2e", "a%20b"])
def test_a_strange_address_is_no_surprise(registration_open: None, path: str) -> None:
    """Scorecard S-01."""
    headers = {"Authorization": f"Bearer {registered()['registration_access_token']}"}
    assert Http().get(f"/oauth/register/{path}", headers=headers).status_code in {400, 401, 404}


def test_a_closed_server_has_no_door_at_all(registration_open: None) -> None:
    """Closed: 404 for who registered before, too."""
    told = registered()
    with override_settings(REGISTRATION="closed"):
        assert manage("GET", told).status_code == 404
