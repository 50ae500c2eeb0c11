"""RFC 7591: dynamic client registration over the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from identity.models import User
from oauth_server.clients import first_use, registry
from oauth_server.models import AuditEvent, Client, ClientSecret, InitialAccessToken, Registration, freshness
from oauth_server.tokens.tasks import sweep
from tests.support.front_channel import Browser, answer, exchange
from tests.support.parties import BASE, Http
from tests.support.registration import ADDRESS, CALLBACK, METADATA, Web, party, post, registered

pytestmark = pytest.mark.django_db


def initial_access_token(**options: Any) -> str:
    call_command("create_initial_access_token", json=True, stdout=(out := StringIO()), **options)
    return str(json.loads(out.getvalue())["initial_access_token"])


def test_the_answer_is_all_that_was_registered(registration_open: None) -> None:
    """§3.2.1: 201, JSON, no-store; the identifier, the secret with its expiry, and every member; RFC 7592 §3: how to manage."""
    asked = METADATA | {
        "client_uri": "https://rp.example/", "client_name#de": "Partei", "logo_uri": "https://rp.example/logo.png",
        "tos_uri": "https://rp.example/tos", "policy_uri": "https://rp.example/policy", "contacts": ["ops@rp.example"],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "openid email",
        "token_endpoint_auth_method": "client_secret_basic", "software_id": "x", "software_version": "1",
        "jwks_uri": "https://rp.example/jwks",
    }  # fmt: skip
    answered = post(asked)
    assert answered.status_code == 201
    assert answered.headers["content-type"] == "application/json"
    assert answered.headers["cache-control"] == "no-store"
    told = answered.json()
    assert told.items() >= asked.items()
    assert told["client_secret_expires_at"] == 0
    assert abs(told["client_id_issued_at"] - timezone.now().timestamp()) < 60
    assert told["registration_client_uri"] == f"{BASE}{ADDRESS}/{told['client_id']}"
    ClientMetadataClaims(told, {}).validate()
    # What would be of use in a dump is not in the database.
    row = Registration.objects.get()
    assert told["registration_access_token"].encode() not in bytes(row.digest)
    assert len(bytes(row.digest)) == 32
    assert not bytes(ClientSecret.objects.get().wrapped)


def test_a_registered_client_can_do_what_it_registered_for(
    registration_open: None, browser: Browser, person: User
) -> None:
    """§1: the whole flow, by Authlib, right after registering."""
    rp = party(registered(redirect_uris=["https://app.example/callback"]))
    browser.sign_in(person)
    done = browser.walk(browser.authorize(rp), person)
    token = exchange(rp, answer(done)["code"])
    assert token["id_token"]


def test_a_public_client_gets_no_secret(registration_open: None) -> None:
    """§3.2.1."""
    told = registered(token_endpoint_auth_method="none")
    assert not {"client_secret", "client_secret_expires_at"} & told.keys()


@pytest.mark.parametrize(
    ("members", "error", "named"),
    [
        ({"redirect_uris": ["http://rp.example/cb"]}, "invalid_redirect_uri", "rp.example"),
        ({"redirect_uris": ["https://rp.example/cb#x"]}, "invalid_redirect_uri", "fragment"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "scheme"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        ({"client_name": 7}, "invalid_client_metadata", "client_name"),
        ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata", "logo_uri"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata", "jwks"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
        ({"response_types": ["magic"]}, "invalid_client_metadata", "response_types"),
        ({"token_endpoint_auth_method": "tls_magic"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata", "id_token_signed_response_alg"),
        ({"scope": 'a"b'}, "invalid_client_metadata", "scope"),
    ],
)
def test_a_refusal_names_the_member(registration_open: None, members: dict[str, Any], error: str, named: str) -> None:
    """§3.2.2: 400, JSON, the error and a sentence for people; it is in the audit log, and nothing is stored."""
    answered = post(METADATA | members)
    assert answered.status_code == 400
    assert answered.headers["cache-control"] == "no-store"
    assert answered.json()["error"] == error
    assert named in answered.json()["error_description"]
    assert AuditEvent.objects.get(name="client:registration:refused").facts["error"] == error
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:magic"]}, ["authorization_code"]),
        ({"grant_types": ["password", "refresh_token", "authorization_code"]}, ["refresh_token", "authorization_code"]),
        ({"response_types": ["code", "code magic"], "grant_types": ["authorization_code"]}, ["authorization_code"]),
        ({"response_types": ["code"], "grant_types": ["refresh_token"]}, ["refresh_token", "authorization_code"]),
    ],
)
def test_what_is_not_supported_is_dropped_while_something_remains(
    registration_open: None, asked: dict[str, Any], told: list[str]
) -> None:
    """§2, §2.1, §3.2.1: the server may replace what was asked for, keeps it consistent, and says so."""
    answered = registered(**asked)
    assert answered["grant_types"] == told
    assert answered["response_types"] == ["code"]


def test_a_client_gives_itself_no_scope_of_an_api(registration_open: None) -> None:
    """§2: the server chooses. A client that asks for itself would else hold any scope that it can spell."""
    assert registered(scope="openid email admin")["scope"] == "openid email"
    told = registered(grant_types=["client_credentials"], redirect_uris=[], scope="admin")
    assert "scope" not in told
    token = party(told).session().fetch_token(f"{BASE}/oauth/token", grant_type="client_credentials")
    assert "scope" not in token
    with override_settings(REGISTRATION_SCOPES=("api:read",)):
        assert registered(scope="openid api:read admin")["scope"] == "openid api:read"


def test_a_client_cannot_widen_what_it_may_do(registration_open: None) -> None:
    """§5: what only an operator decides."""
    told = registered(
        skip_authorization=True, introspects=["*"], audience=["https://api.example"], profile="openid", client_id="admin",
        client_secret="known to others, so no secret", always_issue_refresh_token=True,
    )  # fmt: skip
    assert told["client_id"] != "admin"
    assert told["client_secret"] != "known to others, so no secret"
    assert told["skip_authorization"] is told["always_issue_refresh_token"] is False
    assert told["profile"] == "oauth21"
    assert not {"introspects", "audience"} & told.keys()


def test_the_operator_chooses_the_profile_of_registrants(registration_open: None) -> None:
    """§5; the setting REGISTRATION_PROFILE."""
    with override_settings(REGISTRATION_PROFILE="openid"):
        told = registered()
    client = registry.get(told["client_id"])
    assert client is not None
    assert client.profile.name == told["profile"] == "openid"


BODIES = [
    b"", b"[]", b"null", b'"x"', b"{", b"{}x", b'{"a":1,"a":2}', b"\xff", b'{"client_name":"\\u0000"}', b'{"client_name":"\\ud800"}',
    b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", b'{"default_max_age":NaN}', b'{"default_max_age":1e999}',
    b'{"default_max_age":' + b"9" * 5_000 + b"}", b"redirect_uris=x",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_the_body_is_one_strict_json_object(registration_open: None, body: bytes) -> None:
    """§3.1; RFC 8259 §4: members are unique; bounded depth, size and numbers."""
    answered = Http().post(ADDRESS, content=body, headers={"Content-Type": "application/json"})
    assert answered.status_code == 400
    assert answered.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "text/json"],
)
def test_the_body_is_application_json(registration_open: None, content_type: str) -> None:
    """§3.1: so no page of another origin can send it without a preflight."""
    answered = Http().post(ADDRESS, content=json.dumps(METADATA), headers={"Content-Type": content_type})
    assert answered.status_code == 415


def test_a_body_has_a_largest_size(registration_open: None) -> None:
    """Limits: request_bytes."""
    assert post(METADATA | {"x": "y" * 70_000}).json()["error"] == "invalid_request"
    assert post(METADATA | {f"x{n}": 1 for n in range(300)}).json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_registration_is_a_post(registration_open: None, method: str) -> None:
    """§3.1."""
    answered = Http().request(method, ADDRESS)
    assert answered.status_code == 405
    assert answered.headers["allow"] == "POST"


def test_a_closed_server_has_no_such_address(keys: None) -> None:
    """Closed is the default: 404, and discovery does not name it."""
    for path in (ADDRESS, f"{ADDRESS}/x"):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            assert Http().request(method, path).status_code == 404
    assert "registration_endpoint" not in Http().get("/.well-known/openid-configuration").json()
    assert not AuditEvent.objects.filter(name="client:registration:refused").exists()


def test_discovery_names_the_address(registration_open: None) -> None:
    """§3; RFC 8414 §2: registration_endpoint."""
    assert Http().get("/.well-known/openid-configuration").json()["registration_endpoint"] == f"{BASE}{ADDRESS}"


def test_an_initial_access_token_is_needed_where_the_operator_says_so(registration_by_token: None) -> None:
    """§3, §3.1; RFC 6750 §3: 401 with a challenge; without an error where no token came."""
    answered = post(METADATA)
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"] == f'Bearer realm="{BASE}"'
    for wrong in ("x", "gth_iat_" + "0" * 49, "a b"):
        assert post(METADATA, wrong).status_code in {400, 401}
    token = initial_access_token(uses=2)
    assert token.encode() not in bytes(InitialAccessToken.objects.get().digest)
    assert post(METADATA | {"client_name": 7}, token).status_code == 400, "a refusal spends nothing"
    assert [post(METADATA, token).status_code for _ in range(3)] == [201, 201, 401]
    assert Client.objects.count() == 2


def test_an_initial_access_token_has_an_end(registration_by_token: None) -> None:
    """§5: limited in time; what is over is swept."""
    token = initial_access_token(lifetime=60)
    InitialAccessToken.objects.update(expires=timezone.now())
    assert post(METADATA, token).status_code == 401
    assert sweep(timezone.now())["initial_access_tokens"] == 1


def test_its_clients_belong_to_whom_it_was_made_for(registration_by_token: None, person: User) -> None:
    """§1.2: the developer who was given the token."""
    token = initial_access_token(user="olena", uses=2)
    told = post(METADATA, token).json()
    assert Client.objects.get(client_id=told["client_id"]).user == person
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert post(METADATA, token).status_code == 401


@pytest.mark.parametrize("options", [{"uses": 0}, {"lifetime": 0}, {"user": "nobody"}, {"uses": 10**9}])
def test_a_token_that_makes_no_sense_is_not_made(options: dict[str, Any]) -> None:
    """§1.2."""
    with pytest.raises(CommandError):
        call_command("create_initial_access_token", **options)


def test_a_wrong_initial_access_token_is_told_where_none_is_needed(registration_open: None) -> None:
    """§3: whoever believes to have one shall hear that it is none."""
    assert post(METADATA, "gth_iat_x").status_code == 401
    assert post(METADATA, initial_access_token()).status_code == 201


def test_strangers_have_a_quota_and_guests_have_none(registration_open: None) -> None:
    """§5: per address and in all; an initial access token is outside of it; THROTTLES=off is for tests."""
    with override_settings(LIMITS=_limits(registrations_per_address=2)):
        assert [post(METADATA).status_code for _ in range(3)] == [201, 201, 429]
        assert post(METADATA).headers["retry-after"]
        assert post(METADATA, initial_access_token()).status_code == 201
        with override_settings(THROTTLES=False):
            assert post(METADATA).status_code == 201
    with override_settings(LIMITS=_limits(registrations=1)):
        assert post(METADATA).status_code == 429


def _limits(**changed: int) -> Any:
    return replace(settings.LIMITS, **changed)


def test_a_client_that_nobody_uses_goes(registration_open: None) -> None:
    """§5: after the setting; the name is gone at once everywhere."""
    told = registered()
    invited = post(METADATA, initial_access_token()).json()
    later = timezone.now() + timedelta(days=2)
    before = freshness.version("clients")
    assert sweep(timezone.now())["unused_clients"] == 0
    assert sweep(later)["unused_clients"] == 1
    freshness.forget()
    assert freshness.version("clients") > before
    assert registry.get(told["client_id"]) is None
    assert registry.get(invited["client_id"]) is not None


def test_a_client_that_was_used_stays_and_costs_no_more_statements(
    registration_open: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    """Scorecard R-10: one statement at the first token, none later."""
    told = registered(grant_types=["client_credentials"], redirect_uris=[])
    session = party(told).session()
    ask = {"url": f"{BASE}/oauth/token", "grant_type": "client_credentials"}
    session.fetch_token(**ask)
    assert Registration.objects.get().expires is None
    client = registry.get(told["client_id"])
    assert client is not None
    with django_assert_num_queries(0):
        first_use.note(client)
    assert sweep(timezone.now() + timedelta(days=2))["unused_clients"] == 0


def test_a_code_is_a_use(registration_open: None, browser: Browser, person: User) -> None:
    """A person has agreed: the client stays."""
    rp = party(registered(redirect_uris=["https://app.example/callback"]))
    browser.sign_in(person)
    browser.walk(browser.authorize(rp), person)
    assert Registration.objects.get().expires is None


def test_nothing_is_fetched_while_registering(registration_open: None, web: Web) -> None:
    """Interop 5; §5: keys, logos and pages are looked at when they are needed, if ever."""
    registered(
        jwks_uri="https://169.254.169.254/jwks", logo_uri="https://127.0.0.1/logo", client_uri="https://localhost/",
        token_endpoint_auth_method="private_key_jwt",
    )  # fmt: skip
    assert web.asked == []


def test_errors_are_json_whatever_accept_says(registration_open: None) -> None:
    """Interop 2."""
    for accept in ("text/html", "image/png", ""):
        answered = post({"redirect_uris": ["x"]}, Accept=accept)
        assert answered.json()["error"] == "invalid_redirect_uri"


def test_authlib_uses_a_client_that_registered_itself(registration_open: None) -> None:
    """§3.2.1: the names of the answer are those that a library wants."""
    told = registered(token_endpoint_auth_method="client_secret_post", redirect_uris=[CALLBACK])
    session = OAuth2Client(
        told["client_id"], told["client_secret"], redirect_uri=told["redirect_uris"][0], scope=told["scope"],
        token_endpoint_auth_method=told["token_endpoint_auth_method"],
    )  # fmt: skip
    url, _ = session.create_authorization_url(f"{BASE}/oauth/authorize", code_verifier="x" * 48)
    assert Http().get(url).status_code == 303
