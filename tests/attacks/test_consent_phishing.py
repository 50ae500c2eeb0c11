"""Anybody may register a client called like somebody else's (RFC 7591 §5, RFC 9700 §4.15): the person is told what is certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import Client, StateVersion
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party
from tests.support.registration import party, registered

pytestmark = pytest.mark.django_db

NAME = "Bank of Somewhere"


def consent_page(browser: Browser, asker: Party, person: User, **asked: Any) -> str:
    browser.sign_in(person)
    return page(browser.get(location(browser.authorize(asker, **asked))))


@pytest.mark.parametrize(
    ("uri", "told"),
    [("https://evil.example/cb", "evil.example"), ("http://127.0.0.1/cb", "runs on this device")],
)
def test_a_client_that_registered_itself_is_called_a_stranger(
    registration_open: None, browser: Browser, person: User, uri: str, told: str
) -> None:
    """With the host of the redirect URI, which it cannot make up."""
    asker = party(registered(client_name=NAME, redirect_uris=[uri], client_uri="https://bank.example/"))
    shown = consent_page(browser, asker, person, redirect_uri=uri)
    warning = shown.partition('id="stranger"')[2].partition("</div>")[0]
    assert "nobody has checked its name" in warning
    assert told in warning
    assert "bank.example" not in warning


def test_one_that_somebody_answers_for_is_none(
    registration_open: None, browser: Browser, person: User, make_client: Callable[..., Party]
) -> None:
    assert 'id="stranger"' not in consent_page(browser, make_client(client_name=NAME), person)
    told = registered(client_name=NAME, redirect_uris=["https://app.example/callback"])
    Client.objects.filter(client_id=told["client_id"]).update(user=person)
    StateVersion.objects.bump("clients")
    registry.forget()
    assert 'id="stranger"' not in consent_page(browser, party(told), person)
