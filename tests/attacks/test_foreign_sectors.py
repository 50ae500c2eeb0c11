"""A client enters somebody else's sector and learns by which identifiers it knows people (OpenID Connect Core §8.1, §17.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from django.test import override_settings
from django.urls import reverse

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import Client, StateVersion
from tests.support.operators import person as somebody
from tests.support.operators import signed_in
from tests.support.parties import BASE, Party
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
