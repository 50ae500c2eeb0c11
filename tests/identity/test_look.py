"""Language, theme and brand of pages: who decides, in which order, and that colours stay readable (WCAG 2.2 §1.4.3)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from identity.look import colours
from identity.models import User
from oauth_server.settings.environment import BadSetting, load
from tests.identity.test_design import tokens
from tests.support.people import page, person, sign_in

SEVERAL = [("en", "English"), ("de", "German"), ("uk", "Ukrainian"), ("ar", "Arabic")]
LOGIN = "/account/login/"
COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def language(browser: Browser, path: str = LOGIN, **headers: str) -> str:
    found = re.search(r'<html lang="([^"]+)"', page(browser.get(path, headers=headers)))
    assert found
    return found[1]


@given(COLOUR)
def test_whatever_colour_is_asked_for_text_on_it_and_beside_it_can_be_read(colour: str) -> None:
    for accent, grounds in (
        (colours.light(colour), colours.LIGHT_GROUNDS),
        (colours.dark(colour), colours.DARK_GROUNDS),
    ):
        for ground in grounds:
            assert colours.contrast(accent.accent, ground) >= 4.5
        assert colours.contrast(accent.on_accent, accent.accent) >= 4.5
        assert colours.contrast(accent.on_accent, accent.accent_strong) >= 4.5
        assert colours.contrast(accent.accent_strong, accent.accent_wash) >= 4.5


def test_the_grounds_that_colours_are_held_against_are_those_of_the_style_sheet() -> None:
    light, dark = tokens("light"), tokens("dark")
    assert set(colours.LIGHT_GROUNDS) == {light[name] for name in ("surface", "ground", "arch", "sunken")}
    assert set(colours.DARK_GROUNDS) == {dark[name] for name in ("surface", "ground", "arch", "sunken")}


@pytest.mark.django_db
class TestLanguage:
    """The application's wish, the person's choice, the browser's, in this order."""

    @pytest.fixture(autouse=True)
    def several(self, settings: Any) -> None:
        settings.LANGUAGES = SEVERAL

    def test_the_browser_says_it_to_a_stranger(self, client: Browser) -> None:
        assert language(client) == "en"
        assert language(client, accept_language="fr, de;q=0.8") == "de"

    def test_a_stranger_chooses_without_scripts_and_is_remembered(self, client: Browser) -> None:
        answer = client.post("/account/look/", {"language": "uk", "next": LOGIN})
        assert (answer.status_code, answer.headers["Location"]) == (303, LOGIN)
        assert language(client, accept_language="de") == "uk"

    def test_the_choice_stands_at_the_foot_of_the_page(self, client: Browser) -> None:
        shown = page(client.get(LOGIN + "?next=/account/profile/"))
        assert '<option value="de" lang="de">Deutsch</option>' in shown
        assert 'name="next" value="/account/login/?next=/account/profile/"' in shown

    @pytest.mark.parametrize("path", ["/account/", "/account/email/", "/account/apps/"])
    def test_a_persons_choice_goes_before_the_browsers_on_each_kind_of_page(self, client: Browser, path: str) -> None:
        person(locale="de-CH")
        sign_in(client)
        assert language(client, path, accept_language="uk") == "de"

    def test_the_browser_remembers_the_choice_of_its_person(self, client: Browser) -> None:
        person(locale="de")
        sign_in(client)
        client.get("/account/")
        client.post("/account/logout/")
        assert language(client, accept_language="uk") == "de"

    def test_who_is_signed_in_chooses_for_every_browser_of_theirs(self, client: Browser) -> None:
        user, other = person(), Browser()
        sign_in(client)
        sign_in(other)
        client.post("/account/look/", {"language": "uk", "theme": "dark"})
        user.refresh_from_db()
        assert (user.locale, user.theme) == ("uk", "dark")
        assert language(other, "/account/") == "uk"
        assert 'data-theme="dark"' in page(other.get("/account/"))

    def test_an_unknown_language_or_theme_changes_nothing(self, client: Browser) -> None:
        user = person()
        sign_in(client)
        for wish in ({"language": "tlh"}, {"language": "x" * 600}, {"theme": "pink"}, {}):
            assert client.post("/account/look/", wish).status_code == 303
        user.refresh_from_db()
        assert (user.locale, user.theme) == ("", "")
        assert not client.cookies.get("gatehouse_language")

    def test_nobody_is_led_elsewhere(self, client: Browser) -> None:
        for address in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"):
            assert client.post("/account/look/", {"next": address}).headers["Location"] == "/account/"

    def test_a_page_in_arabic_runs_from_right_to_left(self, client: Browser) -> None:
        assert 'lang="ar" dir="rtl"' in page(client.get(LOGIN, headers={"accept-language": "ar"}))


@pytest.mark.django_db
class TestTheme:
    """Light, dark, or as on the device; the server writes it into the page."""

    def test_the_device_decides_unless_somebody_chose(self, client: Browser) -> None:
        shown = page(client.get(LOGIN))
        assert "data-theme" not in shown
        assert 'css/dark.css" media="screen and (prefers-color-scheme: dark)">' in shown

    @pytest.mark.parametrize(("theme", "sheet"), [("light", False), ("dark", True)])
    def test_a_choice_holds_wherever_the_device_is(self, client: Browser, theme: str, sheet: bool) -> None:
        client.post("/account/look/", {"theme": theme})
        shown = page(client.get(LOGIN))
        assert f'data-theme="{theme}"' in shown
        assert f'name="color-scheme" content="{theme}"' in shown
        assert ('css/dark.css" media="screen">' in shown) == sheet

    def test_the_page_about_it_saves_and_undoes_it(self, client: Browser) -> None:
        user = person()
        sign_in(client)
        for theme in ("dark", ""):
            client.post("/account/appearance/", {"theme": theme, "locale": "", "zoneinfo": ""})
            user.refresh_from_db()
            assert user.theme == theme
            assert client.cookies.get("gatehouse_theme").value == theme  # type: ignore[union-attr]

    def test_a_cookie_of_somebody_elses_making_is_not_believed(self, client: Browser) -> None:
        client.cookies["gatehouse_theme"] = '"><script>'
        assert "data-theme" not in page(client.get(LOGIN))


@pytest.mark.django_db
def test_moments_are_told_in_the_persons_time_zone(client: Browser) -> None:
    user = person(zoneinfo="Asia/Tokyo")
    sign_in(client)
    assert " JST</time>" in page(client.get("/account/sessions/"))
    User.objects.filter(pk=user.pk).update(zoneinfo="Mars/Olympus")
    assert " UTC</time>" in page(client.get("/account/sessions/"))


@pytest.mark.django_db
class TestBrand:
    """Name, logo, colour, links: by settings."""

    def test_by_default_the_house_is_ours(self, client: Browser) -> None:
        shown = page(client.get(LOGIN))
        assert "· Gatehouse</title>" in shown
        assert client.get("/account/brand/style.css").status_code == 404
        assert client.get("/account/brand/logo").status_code == 404

    def test_name_colour_logo_and_links_are_the_operators(self, client: Browser, tmp_path: Path) -> None:
        logo, style = tmp_path / "logo.svg", tmp_path / "extra.css"
        logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        style.write_text(":root{--radius:0}")
        with override_settings(
            BRAND_NAME="Acme <ID>", BRAND_COLOR="#ffd400", BRAND_LOGO_FILE=logo, BRAND_STYLE_FILE=style,
            IMPRINT_URL="https://acme.example/imprint", PRIVACY_URL="https://acme.example/privacy",
        ):  # fmt: skip
            raw = client.get(LOGIN).content.decode()
            assert "· Acme &lt;ID&gt;</title>" in raw
            assert '<a href="https://acme.example/imprint" rel="noreferrer">Imprint</a>' in raw
            assert "Terms" not in raw
            sheet = re.search(r'href="(/account/brand/style.css\?v=[^"]+)"', raw)
            mark = re.search(r'<img class="brand-mark" src="([^"]+)"', raw)
            assert sheet
            assert mark
            css = client.get(sheet[1])
            assert css.headers["Content-Type"] == "text/css; charset=utf-8"
            assert colours.style_sheet("#ffd400") in css.content.decode()
            assert css.content.decode().endswith(":root{--radius:0}")
            picture = client.get(mark[1])
            assert picture.headers["Content-Type"] == "image/svg+xml"
            assert "sandbox" in picture.headers["Content-Security-Policy"]
            assert "immutable" in picture.headers["Cache-Control"]

    def test_a_template_of_the_operators_goes_before_ours(self, client: Browser, tmp_path: Path, settings: Any) -> None:
        (tmp_path / "components").mkdir()
        (tmp_path / "components/brand.html").write_text("<p>The house of Acme</p>")
        folder = load({"TEMPLATES_DIR": str(tmp_path)})["TEMPLATES_DIR"]
        (engine,) = settings.TEMPLATES
        settings.TEMPLATES = [{**engine, "DIRS": [folder, *engine["DIRS"]]}]
        for path in (LOGIN, "/account/password/reset/"):
            assert "The house of Acme" in page(client.get(path))
        assert 'id="id_login"' in page(client.get(LOGIN)), "what it does not name stays ours"

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("BRAND_COLOR", "red"),
            ("BRAND_NAME", "a\nb"),
            ("BRAND_LOGO_FILE", "/nowhere/logo.svg"),
            ("BRAND_LOGO_FILE", "logo.exe"),
            ("BRAND_STYLE_FILE", "/nowhere/a.css"),
            ("TEMPLATES_DIR", "/nowhere"),
            ("IMPRINT_URL", "javascript:alert(1)"),
        ],
    )
    def test_a_brand_that_cannot_be_shown_stops_the_start(self, variable: str, value: str) -> None:
        with pytest.raises(BadSetting, match=variable):
            load({variable: value})
