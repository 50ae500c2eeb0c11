"""The file that SCOPE_TEXTS names: people are asked for an operator's own scopes in plain words of their language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from identity.models import LoginSession, User
from oauth_server.settings import environment
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party

NOTES = {
    "notes:read": {
        "title": "Read your notes", "title#de": "Ihre Notizen lesen", "sentence": "All of them.", "sentence#de": "Alle.",
        "picture": "history",
    },
    "notes:write": {"title": "Write <b>notes</b>"},
}  # fmt: skip


def load(tmp_path: Path, text: str) -> Mapping[str, Any]:
    file = tmp_path / "scopes.json"
    file.write_text(text)
    found: Mapping[str, Any] = environment.load({"SCOPE_TEXTS": str(file)})["SCOPE_TEXTS"]
    return found


def test_what_the_file_says_is_kept_and_without_it_nothing_is_said(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps(NOTES)) == NOTES
    assert environment.load({})["SCOPE_TEXTS"] == {}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a b": {"title": "A"}}', '{"a": []}', '{"a": {}}', '{"a": {"title#de": "A"}}', '{"a": {"title": ""}}',
     '{"a": {"title": 1}}', '{"a": {"title": "A", "icon": "mail"}}', '{"a": {"title": "A", "picture": "../../secret"}}',
     '{"a": {"title": "A", "picture": "mail#de"}}', '{"a": {"title": "A", "title#": "B"}}', json.dumps({"a": {"title": "A" * 301}})],
)  # fmt: skip
def test_what_makes_no_sense_stops_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(environment.BadSetting, match="SCOPE_TEXTS"):
        load(tmp_path, text)


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def notes(self, make_client: Callable[..., Party], settings: Any) -> Party:
        settings.SCOPE_TEXTS = NOTES
        return make_client(client_name="Notes", scope="openid email notes:read notes:write notes:share")

    def test_the_question_is_asked_in_the_words_of_the_file(
        self, notes: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        shown = page(browser.get(location(browser.authorize(notes, scope="openid notes:read notes:write notes:share"))))
        assert "Read your notes" in shown
        assert "All of them." in shown
        assert "notes:read" not in shown
        assert "Write &lt;b&gt;notes&lt;/b&gt;" in shown
        assert shown.count("Named by the application") == 1, (
            "of notes:share nobody wrote anything: its name stands there"
        )
        assert "notes:share" in shown

    def test_in_the_persons_language_where_the_file_speaks_it(
        self, notes: Party, browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        for locale, words in (("de-AT", ("Ihre Notizen lesen", "Alle.")), ("fr", ("Read your notes", "All of them."))):
            User.objects.filter(pk=person.pk).update(locale=locale)
            shown = page(browser.get(location(browser.authorize(notes, scope="openid notes:read"))))
            assert f'<html lang="{locale[:2]}"' in shown
            assert all(word in shown for word in words)

    def test_other_words_for_a_scope_of_openid_connect_take_the_place_of_ours(
        self, notes: Party, browser: Browser, signed_in: LoginSession, settings: Any
    ) -> None:
        settings.SCOPE_TEXTS = {"email": {"title": "Write to you"}}
        shown = page(browser.get(location(browser.authorize(notes, scope="openid email"))))
        assert "Write to you" in shown
        assert "See your email address" not in shown

    def test_what_was_allowed_is_called_the_same_in_the_account(
        self, notes: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        asked = browser.authorize(notes, scope="openid notes:read")
        browser.decide(location(asked), "allow")
        assert "Read your notes" in page(browser.get("/account/apps/"))

    def test_a_box_without_a_sentence_points_at_none(
        self, make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession, settings: Any
    ) -> None:
        """WCAG 2.2 §4.1.2: a description that is not there is no description."""
        settings.SCOPE_TEXTS = NOTES
        notes = make_client(client_name="Notes", scope="openid notes:write", optional_scopes="notes:write")
        shown = page(browser.get(location(browser.authorize(notes, scope="openid notes:write"))))
        assert 'value="notes:write"' in shown
        assert "aria-describedby" not in shown
