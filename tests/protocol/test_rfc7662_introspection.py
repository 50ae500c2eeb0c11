"""RFC 7662: what a resource server may learn about a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import AuditEvent, Client, StateVersion, freshness
from tests.support.parties import BASE, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_an_active_token_is_described(
    make_client: Callable[..., Party], redeem: Redeem, person: User, access_token_format: str
) -> None:
    """RFC 7662 §2.2, interop 14; the caller is Authlib's."""
    app = make_client(access_token_format=access_token_format)
    token = redeem(app)
    with app.session() as session:
        known = session.introspect_token(f"{BASE}/oauth/introspect", token=token["access_token"]).json()
    assert known["active"] is True
    assert known["username"] == "olena"
    assert known["sub"] == str(person.pk)
    assert known["client_id"] == app.client_id
    assert known["iss"] == BASE
    assert known["aud"] == BASE
    assert set(known["scope"].split()) == {"openid", "profile", "offline_access"}
    assert known["iat"] <= timezone.now().timestamp() < known["exp"]
    assert known["token_type"] == "Bearer"


def test_the_owner_may_ask_about_its_refresh_token(app: Party, redeem: Redeem) -> None:
    """RFC 7662 §2.1; a hint is only a hint."""
    token = redeem(app)["refresh_token"]
    for hint in ("refresh_token", "access_token", "nonsense"):
        assert app.post("/oauth/introspect", token=token, token_type_hint=hint).json()["active"] is True


@pytest.mark.parametrize(
    "token",
    ["x", "é", "a.b.c", "gth_at_" + "A" * 49, "gth_rt_" + "A" * 49, "eyJhbGciOiJub25lIn0.e30.", "." * 3, " ", "\n"],
)
def test_what_is_no_token_is_inactive(app: Party, token: str) -> None:
    """RFC 7662 §2.2, interop 14: 200 and nothing but active false."""
    answer = app.post("/oauth/introspect", token=token)
    assert (answer.status_code, answer.json()) == (200, {"active": False})


def test_a_foreign_token_looks_like_no_token(app: Party, make_client: Callable[..., Party], redeem: Redeem) -> None:
    """RFC 7662 §4: and the attempt is recorded."""
    token = redeem(app)
    stranger = make_client(grant_types=["client_credentials"], scope="x")
    assert stranger.introspect(token["access_token"]) == {"active": False}
    assert stranger.introspect(token["refresh_token"]) == {"active": False}
    assert AuditEvent.objects.filter(name="token:introspection:refused", client_id=stranger.client_id).count() == 2


@pytest.mark.parametrize("introspects", ["*", "owner", "audience"])
def test_an_operator_may_let_a_resource_server_introspect(
    make_client: Callable[..., Party], redeem: Redeem, introspects: str
) -> None:
    """Interop 13: a bare client-credentials client is enough; refresh tokens stay their owner's business."""
    app = make_client(audience=["https://api.example"])
    granted = {"*": "*", "owner": app.client_id, "audience": "https://api.example"}[introspects]
    gateway = make_client(grant_types=["client_credentials"], scope="x", introspects=[granted])
    token = redeem(app)
    assert "https://api.example" in gateway.introspect(token["access_token"])["aud"]
    assert gateway.introspect(token["refresh_token"]) == {"active": False}


def test_a_resource_server_may_introspect_what_is_for_it(make_client: Callable[..., Party], redeem: Redeem) -> None:
    """RFC 7662 §2.2 on aud: the token's audience is the caller itself."""
    api = make_client(grant_types=["client_credentials"], scope="x")
    app = make_client(audience=[api.client_id])
    assert api.introspect(redeem(app)["access_token"])["active"] is True


def test_nobody_introspects_without_authentication(
    app: Party, make_client: Callable[..., Party], redeem: Redeem
) -> None:
    """RFC 7662 §2.1: a public client, a wrong secret and no client at all are 401."""
    token = redeem(app)["access_token"]
    public = make_client(token_endpoint_auth_method="none")
    for answer in (
        public.post("/oauth/introspect", token=token),
        app.http.post("/oauth/introspect", data={"token": token}),
        app.http.post("/oauth/introspect", data={"token": token}, auth=(app.client_id, "wrong")),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "www-authenticate" in answer.headers


def test_introspection_takes_a_form_by_post(app: Party) -> None:
    """RFC 7662 §2.1: a token in a query would end in logs."""
    assert app.http.get("/oauth/introspect", params={"token": "x"}, auth=app.basic).status_code == 405
    assert app.http.post("/oauth/introspect", json={"token": "x"}, auth=app.basic).status_code == 415
    assert app.post("/oauth/introspect").json()["error"] == "invalid_request"


def test_an_id_token_is_no_access_token(app: Party, redeem: Redeem) -> None:
    """CVE-2019-3868: kinds of tokens are not confused."""
    assert app.introspect(redeem(app)["id_token"]) == {"active": False}


def test_tokens_from_before_the_clients_watershed_are_dead(app: Party, redeem: Redeem) -> None:
    """CVE-2026-8922: an operator's revoke-all for a client."""
    token = redeem(app)
    Client.objects.filter(client_id=app.client_id).update(tokens_not_before=timezone.now())
    StateVersion.objects.bump("clients")
    freshness.forget()
    registry.forget()
    assert app.introspect(token["access_token"]) == {"active": False}
    assert app.introspect(token["refresh_token"]) == {"active": False}
