"""A client's colour and its wish for a language, on the pages where people sign in to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from identity.look import colours
from identity.models import LoginSession, User
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

SEVERAL = [("en", "English"), ("de", "German"), ("uk", "Ukrainian")]


def sheet_of(shown: str) -> str:
    found = re.search(r'<link rel="stylesheet" href="(/oauth/brand/[^"]+)"', shown)
    return found[1] if found else ""


def test_the_pages_of_a_sign_in_wear_the_clients_colour(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    shop = make_client(client_name="Shop", brand_color="#FF6600")
    asked = browser.authorize(shop)
    sheet = sheet_of(page(browser.get(location(asked))))
    answer = browser.get(sheet)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.content.decode() == colours.style_sheet("#ff6600")
    browser.sign_in(person)
    assert sheet_of(page(browser.get(location(browser.authorize(shop))))) == sheet


def test_without_a_colour_the_pages_are_the_houses(app: Party, browser: Browser) -> None:
    assert sheet_of(page(browser.get(location(browser.authorize(app))))) == ""
    assert browser.get(f"/oauth/brand/{app.client_id}.css").status_code == 404
    assert browser.get("/oauth/brand/nobody.css").status_code == 404


def test_a_template_of_the_operators_knows_which_application_asks(
    app: Party, browser: Browser, signed_in: LoginSession, tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components/brand.html").write_text("{{ request.sign_in.client_id }}{{ client_id }} asks")
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    assert f"{app.client_id} asks" in page(browser.get(location(browser.authorize(app))))
    assert f"{app.client_id} asks" in page(browser.get(location(browser.authorize(app, prompt="login"))))


@pytest.mark.parametrize(
    "colour", ["red", "#12345", "#1234567", "#12345g", "url(//evil)", 7, "#fff;}body{display:none"]
)
def test_a_colour_is_a_colour_and_nothing_else(make_client: Callable[..., Party], colour: object) -> None:
    with pytest.raises(InvalidClientMetadata, match="brand_color"):
        make_client(brand_color=colour)


class TestUiLocales:
    """OpenID Connect Core §3.1.2.1: the application's wish goes before the person's own choice."""

    @pytest.fixture(autouse=True)
    def several(self, settings: Any) -> None:
        settings.LANGUAGES = SEVERAL

    def test_the_sign_in_page_speaks_the_first_language_of_the_wish_that_we_speak(
        self, app: Party, browser: Browser
    ) -> None:
        asked = browser.authorize(app, ui_locales="tlh uk-UA de")
        assert '<html lang="uk"' in page(browser.get(location(asked)))
        assert '<html lang="en"' in page(browser.get("/account/login/")), "that page alone"

    def test_so_does_the_consent_page_before_the_persons_choice(
        self, app: Party, browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        User.objects.filter(pk=person.pk).update(locale="de")
        assert '<html lang="de"' in page(browser.get(location(browser.authorize(app))))
        assert '<html lang="uk"' in page(browser.get(location(browser.authorize(app, ui_locales="uk"))))
        assert '<html lang="de"' in page(browser.get(location(browser.authorize(app, ui_locales="tlh"))))
