"""OpenID Connect Core §4: a sign-in that begins here, at a link to an application."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import Client, StateVersion
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

START = "https://app.example/start?from=home"


@pytest.fixture
def app(make_client: Callable[..., Party]) -> Party:
    return make_client(initiate_login_uri=START)


def members(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 303
    assert location(response).startswith(START)
    return parse_qsl(urlsplit(location(response)).query)


def opened(browser: Browser, party: Party) -> Any:
    return browser.get(f"/oauth/open/{party.client_id}")


def test_the_browser_goes_to_the_registered_address_with_iss(app: Party, browser: Browser) -> None:
    assert members(opened(browser, app)) == [("from", "home"), ("iss", settings.ISSUER)]


@pytest.mark.parametrize(
    ("scope", "hint"), [("openid profile", "olena"), ("openid email", "olena@example.org"), ("openid", None)]
)
def test_the_hint_says_no_more_than_the_client_may_know(
    app: Party, browser: Browser, allowed: Callable[..., None], scope: str, hint: str | None
) -> None:
    """login_hint; any page on the web can lead a browser here."""
    assert "login_hint" not in dict(members(opened(browser, app)))
    allowed(scope)
    assert dict(members(opened(browser, app))).get("login_hint") == hint


def test_the_operators_own_application_knows_whom_it_serves(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    own = make_client(initiate_login_uri=START, skip_authorization=True)
    assert "login_hint" not in dict(members(opened(browser, own)))
    browser.sign_in(person)
    assert dict(members(opened(browser, own)))["login_hint"] == "olena"


def test_what_cannot_be_opened_does_not_exist(app: Party, make_client: Callable[..., Party], browser: Browser) -> None:
    assert opened(browser, make_client()).status_code == 404
    assert browser.get("/oauth/open/nobody").status_code == 404
    assert browser.post(f"/oauth/open/{app.client_id}").status_code == 405
    Client.objects.filter(client_id=app.client_id).update(is_active=False)
    StateVersion.objects.bump("clients")
    registry.forget()
    assert opened(browser, app).status_code == 404


@pytest.mark.parametrize("uri", ["http://app.example/start", "http://localhost:8080/start", "javascript:1", "", 7])
def test_only_https_may_be_registered(make_client: Callable[..., Party], uri: Any) -> None:
    """Registration §2: initiate_login_uri uses the https scheme, on this machine too."""
    with pytest.raises(InvalidClientMetadata, match="initiate_login_uri"):
        make_client(initiate_login_uri=uri)


def test_what_is_registered_is_told_again(app: Party) -> None:
    assert app.answer["initiate_login_uri"] == START


def test_it_begins_at_the_list_of_what_one_allowed(
    app: Party, make_client: Callable[..., Party], browser: Browser, allowed: Callable[..., None]
) -> None:
    other = make_client(client_name="Cannot be opened")
    for party in (app, other):
        allowed("openid", party)
    shown = page(browser.get("/account/apps/"))
    assert "Cannot be opened" in shown
    assert re.findall(r'href="(/oauth/open/[^"]+)"', shown) == [f"/oauth/open/{app.client_id}"]
