"""OpenID Connect Registration 1.0 §2.1, RFC 7591 §2.2: what a client calls itself in the languages of those who read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse

from identity.models import LoginSession
from oauth_server.clients.localised import said
from tests.protocol.test_client_logos import png
from tests.support.front_channel import Browser, answer, location, page
from tests.support.parties import Party
from tests.support.registration import Web

pytestmark = pytest.mark.django_db


@pytest.fixture
def polyglot(make_client: Callable[..., Party]) -> Party:
    members: dict[str, Any] = {
        "client_name": "Notebook",
        "client_name#de": "Notizbuch",
        "tos_uri": "https://app.example/terms",
        "tos_uri#de": "https://app.example/agb",
        "policy_uri#de-DE": "https://app.example/datenschutz",
        "logo_uri": "https://app.example/logo.png",
        "logo_uri#de": "https://app.example/logo-de.png",
    }
    return make_client(**members)


def ask(browser: Browser, party: Party, **more: str) -> HttpResponse:
    return browser.get(location(browser.authorize(party, scope="openid", prompt="consent", **more)))


def test_the_person_reads_it_in_their_language(polyglot: Party, browser: Browser, signed_in: LoginSession) -> None:
    shown = page(ask(browser, polyglot, ui_locales="de-AT en"))
    assert "Notizbuch" in shown
    assert "Notebook" not in shown
    assert "https://app.example/agb" in shown
    assert "datenschutz" not in shown, "the German of one country is not everybody's (RFC 4647 §3.4)"


def test_who_reads_another_language_gets_the_name_without_a_tag(
    polyglot: Party, browser: Browser, signed_in: LoginSession
) -> None:
    shown = page(ask(browser, polyglot, ui_locales="en"))
    assert "Notebook" in shown
    assert "https://app.example/terms" in shown


def test_the_pages_of_the_account_say_the_same(polyglot: Party, browser: Browser, signed_in: LoginSession) -> None:
    at = location(browser.authorize(polyglot, scope="openid"))
    assert "code" in answer(browser.get(location(browser.allow(at))))
    for path in ("/account/apps/", "/account/activity/"):
        shown = browser.http.get(path, HTTP_ACCEPT_LANGUAGE="de").content.decode()
        assert "Notizbuch" in shown, path


def test_each_language_has_its_logo_and_nothing_is_fetched_that_was_not_registered(
    polyglot: Party, browser: Browser, signed_in: LoginSession, web: Web
) -> None:
    """From our own origin, as ever; an address that somebody makes up leads to the logo without a tag."""
    web.bodies = {"https://app.example/logo.png": png(48), "https://app.example/logo-de.png": png(49)}
    src = {}
    for language in ("en", "de"):
        [src[language]] = re.findall(
            r'class="client-logo" src="([^"]+)"', page(ask(browser, polyglot, ui_locales=language))
        )
    pictures = [
        browser.http.get(address).content for address in (*src.values(), src["en"].partition("?")[0] + "?v=made-up")
    ]
    assert pictures == [png(48), png(49), png(48)]
    assert set(web.asked) == set(web.bodies)


@pytest.mark.parametrize(
    ("language", "heard"),
    [
        ("de", "Wörter"),
        ("de-ch", "Grüezi"),
        ("de_CH", "Grüezi"),
        ("de-ch-x-alp", "Grüezi"),
        ("de-at", "Wörter"),
        ("uk", "words"),
        ("", "words"),
    ],
)
def test_the_closest_tag_wins_whatever_its_case(language: str, heard: str) -> None:
    """RFC 4647 §3.4, lookup."""
    metadata = {"client_name": "words", "client_name#DE": "Wörter", "client_name#de-CH": "Grüezi", "client_name#uk": ""}
    assert said(metadata, "client_name", language) == heard
