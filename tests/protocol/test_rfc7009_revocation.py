"""RFC 7009: a client throws a token away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauth_server.models import AuditEvent
from tests.support.parties import BASE, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_either_token_ends_both(
    make_client: Callable[..., Party], redeem: Redeem, kind: str, access_token_format: str
) -> None:
    """RFC 7009 §2.1: a refresh token takes its access tokens along, and here the other way round too."""
    app = make_client(access_token_format=access_token_format)
    token = redeem(app)
    with app.session() as session:
        answer = session.revoke_token(f"{BASE}/oauth/revoke", token=token[kind], token_type_hint=kind)
    assert answer.status_code == 200
    assert app.introspect(token["access_token"]) == {"active": False}
    assert app.introspect(token["refresh_token"]) == {"active": False}
    refused = app.post("/oauth/token", grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_a_clients_own_token_can_be_revoked(make_client: Callable[..., Party], access_token_format: str) -> None:
    """RFC 7009 §2: a JWT without a row is revoked all the same; doing it twice is harmless."""
    party = make_client(grant_types=["client_credentials"], scope="api", access_token_format=access_token_format)
    token = party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    other = party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    for _ in range(2):
        assert party.post("/oauth/revoke", token=token).status_code == 200
    assert party.introspect(token) == {"active": False}
    assert party.introspect(other)["active"] is True


def test_the_answer_is_json(app: Party) -> None:
    """Interop 1: text/plain makes a browser library throw."""
    answer = app.post("/oauth/revoke", token="unknown")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"


def test_an_unknown_token_and_a_foreign_one_answer_alike(
    app: Party, make_client: Callable[..., Party], redeem: Redeem
) -> None:
    """RFC 7009 §2.1, §2.2: bound to the client that it was issued to; the attempt is recorded."""
    other = make_client()
    token = redeem(app)
    foreign = other.post("/oauth/revoke", token=token["refresh_token"])
    unknown = other.post("/oauth/revoke", token="unknown")
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert app.introspect(token["refresh_token"])["active"] is True
    assert AuditEvent.objects.filter(name="token:client:foreign", client_id=other.client_id).exists()


def test_an_unknown_hint_is_ignored(app: Party, redeem: Redeem) -> None:
    """RFC 7009 §2.1: the server finds the token across all its types."""
    token = redeem(app)
    assert app.post("/oauth/revoke", token=token["access_token"], token_type_hint="refresh_token").status_code == 200
    assert app.introspect(token["access_token"]) == {"active": False}


def test_revocation_needs_the_client(app: Party, redeem: Redeem) -> None:
    """RFC 7009 §2.1."""
    token = redeem(app)["access_token"]
    answer = app.http.post("/oauth/revoke", data={"token": token}, auth=(app.client_id, "wrong"))
    assert answer.status_code == 401
    assert app.introspect(token)["active"] is True
    assert app.post("/oauth/revoke").json()["error"] == "invalid_request"


def test_a_public_client_revokes_its_own(make_client: Callable[..., Party], redeem: Redeem, app: Party) -> None:
    """RFC 7009 §2.1 and §5: by its client_id; from a page of another origin, with CORS."""
    public = make_client(token_endpoint_auth_method="none")
    token = redeem(public)
    answer = public.http.post(
        "/oauth/revoke",
        data={"client_id": public.client_id, "token": token["refresh_token"]},
        headers={"Origin": "https://spa.example"},
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = public.post("/oauth/token", grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
