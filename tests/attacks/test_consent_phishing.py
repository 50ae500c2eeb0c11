"""Anybody may register a client called like somebody else's (RFC 7591 §5, RFC 9700 §4.15): the person is told what is certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from identity.models import User
from oauth_server.clients import metadata
from oauth_server.models import Client
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party
from tests.support.registration import party, registered

pytestmark = pytest.mark.django_db

NAME = "Bank of Somewhere"
EVIL = "https://evil.example/cb"


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


def test_one_that_an_operator_made_is_none(browser: Browser, person: User, make_client: Callable[..., Party]) -> None:
    assert 'id="stranger"' not in consent_page(browser, make_client(client_name=NAME), person)


def test_an_owner_answers_for_nothing(registration_open: None, browser: Browser, person: User) -> None:
    """Anybody may sign up and register in the portal: that somebody owns it says nothing of its name."""
    members = {"client_name": NAME, "redirect_uris": [EVIL]}
    _, told = metadata.register(members, owner=person, now=timezone.now(), by_operator=False)
    shown = consent_page(browser, party(told), person, redirect_uri=EVIL)
    assert "evil.example" in shown.partition('id="stranger"')[2].partition("</div>")[0]


class TestVouchedFor:
    """An operator looked at what people see of it, and said so."""

    @pytest.fixture
    def vouched(self, keys: None, person: User) -> Party:
        members = {"client_name": NAME, "redirect_uris": [EVIL], "client_uri": "https://evil.example/"}
        client, told = metadata.register(members, owner=person, now=timezone.now(), by_operator=False)
        metadata.update(client.client_id, metadata.describe(client) | {"vouched_for": True}, now=timezone.now())
        return party(told)

    def change(self, vouched: Party, **members: Any) -> None:
        row = Client.objects.get(client_id=vouched.client_id)
        said = metadata.describe(row) | {"vouched_for": True} | members
        metadata.update(vouched.client_id, said, now=timezone.now(), by_operator=False)

    def test_it_is_no_stranger(self, browser: Browser, person: User, vouched: Party) -> None:
        self.change(vouched, redirect_uris=[EVIL, "https://evil.example/other"], scope="openid")
        assert 'id="stranger"' not in consent_page(browser, vouched, person, redirect_uri=EVIL)

    @pytest.mark.parametrize(
        "members",
        [
            {"client_name": "Bank of Elsewhere"},
            {"client_name#uk": "Банк"},
            {"client_name": None},
            {"logo_uri": "https://evil.example/bank.png"},
            {"client_uri": "https://bank.example/"},
            {"redirect_uris": [EVIL, "https://other.example/cb"]},
        ],
    )
    def test_until_its_developer_shows_something_else(self, vouched: Party, members: dict[str, Any]) -> None:
        """Else a name is checked first and then changed."""
        self.change(vouched, **members)
        assert vouched.registered.vouched_for is False

    def test_no_developer_says_so(self, registration_open: None, keys: None) -> None:
        assert not party(registered(vouched_for=True)).registered.vouched_for
