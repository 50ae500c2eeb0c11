"""Signing out here signs out at the provider too (OpenID Connect RP-Initiated Logout 1.0 as a client)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from identity.federation import metadata
from identity.models import LoginSession
from tests.identity.test_upstream_sign_in import link
from tests.support.people import person, sign_in
from tests.support.upstream import CLIENT_ID, Provider, Traveller, connect, led_to

pytestmark = pytest.mark.django_db


def away(there: Provider, **members: Any) -> Traveller:
    connect(there, **members)
    link(person("ada"), there)
    traveller = Traveller()
    assert traveller.sign_in(there).status_code == 302
    return traveller


def test_the_browser_goes_by_way_of_the_provider_and_comes_back(there: Provider) -> None:
    """§2: id_token_hint, client_id, post_logout_redirect_uri, state; §3: back with the same state."""
    browser = away(there).browser
    response = browser.post("/account/logout/")
    assert response.headers["Location"].startswith("/account/logout/leaving/?to=")
    assert LoginSession.objects.get().ended_at is not None
    page = browser.get(response.headers["Location"])
    assert b"You are signed out here" in page.content
    assert page.headers["Referrer-Policy"] == "no-referrer"
    address = led_to(page.content.decode())
    assert address.startswith(f"{there.issuer}/logout?")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["client_id"] == CLIENT_ID
    assert asked["id_token_hint"].count(".") == 2
    assert asked["post_logout_redirect_uri"] == "http://127.0.0.1:8000/account/logout/done/"
    back = browser.get("/account/logout/done/", {"state": asked["state"]})
    assert back.headers["Location"] == "/account/login/"


def test_what_was_to_follow_is_hidden_from_the_provider_and_cannot_be_made_up(there: Provider) -> None:
    """No open redirect (RFC 9700 §4.11)."""
    for state in ("", "https://evil.example", "AAAA", "é", "A" * 5_000):
        response = Browser().get("/account/logout/done/", {"state": state})
        assert response.headers["Location"] == "/account/login/"
    assert Browser().get("/account/logout/leaving/", {"to": "AAAA"}).headers["Location"] == "/account/login/"


@pytest.mark.parametrize("why", ["the operator says so", "it has no such endpoint", "it is disabled", "it is away"])
def test_otherwise_the_sign_out_stays_here(there: Provider, why: str) -> None:
    if why == "it has no such endpoint":
        there.mischief.document = lambda document: {
            name: value for name, value in document.items() if name != "end_session_endpoint"
        }
    browser = away(there, sign_out_there=why != "the operator says so").browser
    if why == "it is disabled":
        connect(there, is_active=False)
    if why == "it is away":
        metadata.forget()
        cache.clear()
        there.is_away = True
    assert browser.post("/account/logout/").headers["Location"] == "/account/login/"
    assert LoginSession.objects.get().ended_at is not None


def test_who_signed_in_here_stays_here(there: Provider) -> None:
    connect(there)
    link(person("ada"), there)
    browser = Browser()
    sign_in(browser, "ada")
    assert browser.post("/account/logout/").headers["Location"] == "/account/login/"
