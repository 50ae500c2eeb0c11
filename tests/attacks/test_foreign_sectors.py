"""A client enters somebody else's sector and learns by which identifiers it knows people (OpenID Connect Core §8.1, §17.3)."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.models import User
from oauth_server.clients import registry
from oauth_server.logout import back_channel
from oauth_server.models import Client, Consent, StateVersion
from oauth_server.outbound import fetch
from oauth_server.outbox.deliver import deliver_due
from oauth_server.outbox.topics import Letter
from tests.support.front_channel import Browser, answer, claims_of, exchange
from tests.support.operators import person as somebody
from tests.support.operators import signed_in
from tests.support.parties import BASE, Http, Party
from tests.support.receiver import receiver
from tests.support.registration import CALLBACK, METADATA, Web, manage, party, registered

pytestmark = pytest.mark.django_db

SECTOR = "https://sector.example/uris.json"
VICTIM = "https://victim.example/cb"


def owned(told: dict[str, Any], owner: User) -> Client:
    """The client, as one that its registrant was invited to by a person of this server."""
    Client.objects.filter(client_id=told["client_id"]).update(user=owner)
    StateVersion.objects.bump("clients")
    registry.forget()
    return Client.objects.get(client_id=told["client_id"])


def edit(client: Client, owner: User, **said: str) -> Any:
    form = {"name": client.name, "redirect_uris": client.redirect_uris, "scopes": ["openid"]} | said
    with override_settings(REGISTRATION_SCOPES=()):
        return signed_in(owner).post(reverse("portal_edit", args=[client.pk]), form)


def test_the_portal_asks_the_sector_about_new_redirect_uris(registration_open: None, web: Web) -> None:
    """Registration §5: "MUST be included in the elements of the array", whichever way they are registered."""
    web.bodies[SECTOR] = json.dumps([CALLBACK, "https://rp.example/two"]).encode()
    owner = somebody()
    client = owned(registered(subject_type="pairwise", sector_identifier_uri=SECTOR), owner)
    refused = edit(client, owner, redirect_uris="https://evil.example/cb")
    assert refused.status_code == 200
    assert "lacks a redirect URI" in refused.content.decode()
    assert registry.get(client.client_id).redirect_uris == (CALLBACK,)  # type: ignore[union-attr]  # it is there
    assert edit(client, owner, redirect_uris="https://rp.example/two").status_code == 303


def test_a_new_name_needs_no_word_of_the_sector(registration_open: None, web: Web) -> None:
    """It may be away just then."""
    web.bodies[SECTOR] = json.dumps([CALLBACK]).encode()
    owner = somebody()
    client = owned(registered(subject_type="pairwise", sector_identifier_uri=SECTOR), owner)
    web.bodies.clear()
    assert edit(client, owner, name="Renamed").status_code == 303


@pytest.mark.parametrize("before", [{"subject_type": "pairwise"}, {"subject_type": "public"}])
def test_tokens_of_one_sector_are_worth_nothing_in_another(
    registration_open: None, redeem: Callable[..., dict[str, Any]], before: dict[str, str]
) -> None:
    """Core §12.2: a refresh names the same subject. Else: get tokens at home, move next door, refresh, and read."""
    told = registered(**before, scope="openid offline_access", grant_types=["authorization_code", "refresh_token"])
    evil: Party = party(told)
    token = redeem(evil, "openid offline_access")
    own = METADATA | {
        "client_id": told["client_id"], "redirect_uris": [VICTIM], "subject_type": "pairwise",
        "scope": "openid offline_access", "grant_types": ["authorization_code", "refresh_token"],
    }  # fmt: skip
    assert manage("PUT", told, json=own).status_code == 200
    assert evil.session(token=token).get(f"{BASE}/oauth/userinfo").status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        evil.session().refresh_token(f"{BASE}/oauth/token", refresh_token=token["refresh_token"])


def test_tokens_outlive_a_change_within_the_sector(
    registration_open: None, redeem: Callable[..., dict[str, Any]]
) -> None:
    told = registered(subject_type="pairwise")
    rp = party(told)
    token = redeem(rp, "openid")
    own = METADATA | {
        "client_id": told["client_id"], "redirect_uris": ["https://rp.example/two"], "subject_type": "pairwise"
    }  # fmt: skip
    assert manage("PUT", told, json=own).status_code == 200
    assert rp.session(token=token).get(f"{BASE}/oauth/userinfo").status_code == 200


@dataclass
class Visit:
    """A sign-in at a client and the sign-out after it: the claims of the ID token, and of the logout tokens."""

    identity: dict[str, Any]
    tokens: list[dict[str, Any]]


@pytest.fixture
def visit(
    make_client: Callable[..., Party], browser: Browser, person: User, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Visit]:
    """Visit a client with pairwise subjects whose back channel is at a host."""

    def run(host: str, **members: Any) -> Visit:
        monkeypatch.setattr(fetch, "resolve", lambda *_: [ipaddress.ip_address("127.0.0.1")])
        with receiver() as listening, override_settings(OUTBOUND_ALLOW=(ipaddress.ip_network("127.0.0.0/8"),)):
            address = f"http://{host}:{listening.server_port}/logout"
            client = make_client(subject_type="pairwise", backchannel_logout_uri=address, **members)
            browser.sign_in(person)
            uri = client.answer["redirect_uris"][0]
            done = browser.walk(browser.authorize(client, redirect_uri=uri), person)
            identity = claims_of(exchange(client, answer(done)["code"], redirect_uri=uri))
            browser.post("/account/logout/")
            deliver_due(timezone.now)
            keys = KeySet.import_key_set(Http().get("/oauth/jwks").json())
            tokens = [dict(jwt.decode(token, keys, algorithms=["RS256"]).claims) for token in listening.tokens]
        return Visit(identity, tokens)

    return run


def test_a_logout_token_tells_nobody_the_subjects_of_another_sector(visit: Callable[..., Visit]) -> None:
    """A redirect URI of somebody else is enough to be in their sector; the sign-in alone is named (Back-Channel Logout §2.4)."""
    seen = visit("evil.example", backchannel_logout_session_required=True)
    (token,) = seen.tokens
    assert "sub" not in token
    assert token["sid"] == seen.identity["sid"]
    assert seen.identity["sub"] not in str(token)


@pytest.mark.parametrize(
    ("host", "members"),
    [
        ("app.example", {}),
        ("APP.example", {}),
        ("app.example", {"sector_identifier_uri": "https://both.example/s"}),
        ("both.example", {"sector_identifier_uri": "https://both.example/s"}),
        ("anywhere.example", {"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native"}),
    ],
)
def test_a_logout_token_names_the_person_within_the_sector(
    visit: Callable[..., Visit], host: str, members: dict[str, Any]
) -> None:
    """Where people come back to, or where the sector is; or where nobody shares the subjects."""
    seen = visit(host, **members)
    assert [token["sub"] for token in seen.tokens] == [seen.identity["sub"]]


def test_who_may_be_told_nothing_is_told_nothing(make_client: Callable[..., Party], person: User) -> None:
    """Without a sign-in and without a person a token would say nothing (Back-Channel Logout §2.4: sub, sid or both)."""
    client = make_client(subject_type="pairwise", backchannel_logout_uri="https://evil.example/logout")
    now = timezone.now()
    Consent.objects.remember(person.pk, client.registered.pk, frozenset({"openid"}), now, now + timedelta(days=1))
    assert back_channel.tell_everybody(person.pk, now) == 0
    letter = Letter(uuid.uuid4(), {"client_id": client.client_id, "sid": "", "user": str(person.pk)}, now)
    assert back_channel.prepare(letter, now) is None
