"""Every text is in every language, whole: `make messages` collects, and what it lists here is to be translated in locale/."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.base import Lexer, TokenType
from django.test import Client as Browser
from django.utils import timezone, translation

from identity.look.choice import language_for
from identity.templatetags.house import day, languages
from scripts import messages
from tests.identity.test_devices import FIREFOX
from tests.support.people import person, prove, sign_in

LANGUAGES = messages.languages()
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\w+\}")
TAG = re.compile(r"<[^>]+>")
# The standards' own words, the name of a class, and the title of a frame that nobody sees.
SAME_EVERYWHERE = {"client_id", "client_secret", "error: 0", "0 · X-Request-Id 0", "layout-wide", "Session"}
SPOKEN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "aria-description"}
# Arguments that people read, by the name that the call gives them; and calls whose argument at this place they read.
SPOKEN_ARGUMENTS = {"label", "help_text", "verbose_name", "verbose_name_plural", "empty_label", "short_description"}
SPOKEN_CALLS = {"ValidationError": 0, "success": 1, "info": 1, "warning": 1, "error": 1}


@cache
def source() -> Catalog:
    return messages.collect()


@cache
def catalog(language: str) -> Catalog:
    return messages.read(language)


@cache
def modules() -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in messages.files(messages.PYTHON) if "/migrations/" not in name}


def texts(found: Catalog) -> set[Any]:
    return {one.id for one in found if one.id}


def parts(text: str) -> tuple[list[str], list[str], str]:
    """Placeholders, tags, and the space at either end, since texts are set one beside the other."""
    return sorted(PLACEHOLDER.findall(text)), sorted(TAG.findall(text)), text.replace(text.strip(), "")


def shape(made: str, said: tuple[str, ...]) -> bool:
    """Whether a translation has the parts of the source; a plural form may name the number in words ("two days")."""
    placeholders, tags, edge = parts(made)
    wanted = [parts(text) for text in said]
    fewer = len(said) > 1 and len(set(wanted[-1][0]) - set(placeholders)) == 1
    return (placeholders, tags, edge) in wanted or (
        fewer and set(placeholders) < set(wanted[-1][0]) and tags == wanted[-1][1]
    )


@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogs:
    def test_they_hold_what_the_source_says_and_nothing_else(self, language: str) -> None:
        missing, gone = texts(source()) - texts(catalog(language)), texts(catalog(language)) - texts(source())
        assert not missing | gone, f"run `make messages`; not collected yet: {missing}; not said any more: {gone}"

    def test_every_text_is_translated_and_nothing_is_guessed(self, language: str) -> None:
        found = catalog(language)
        empty = [one.id for one in messages.missing(found)]
        assert not empty, f"translate in {messages.catalog_path(language)}: {empty}"
        assert not [one.id for one in found if one.fuzzy]

    def test_placeholders_tags_and_plurals_are_those_of_the_source(self, language: str) -> None:
        for one in catalog(language):
            if one.pluralizable:
                assert all(shape(text, one.id) for text in one.string), one.id
            elif one.id:
                assert shape(one.string, (one.id,)), one.id
            assert not [str(error) for error in one.check(catalog(language))], one.id

    def test_what_the_server_reads_is_what_was_written(self, language: str) -> None:
        path = messages.catalog_path(language)
        assert path.read_bytes() == messages.written(catalog(language)), "run `make messages`"
        assert path.with_suffix(".mo").read_bytes() == messages.compiled(catalog(language)), "run `make messages`"


def test_a_text_that_is_new_in_the_source_is_noticed() -> None:
    assert list(messages.in_template('{% load i18n %}\n  {% translate "One" %}{% if x %}\n {% translate "Two" %}')) == [
        "One",
        "Two",
    ]
    assert list(
        messages.in_template("{% blocktranslate count n=n %}{{ n }} a{% plural %}{{ n }} b{% endblocktranslate %}")
    ) == [("%(n)s a", "%(n)s b")]
    assert list(messages.in_python("x = [_('One'), ngettext('a', 'b', 3), gettext(name)]")) == ["One", ("a", "b")]


class Spoken(HTMLParser):
    """What a page shows and says."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.extend(value or "" for name, value in attrs if name in SPOKEN_ATTRIBUTES)


def untranslated(template: str) -> set[str]:
    """Words of a template that no tag of Django translates."""
    kept, quiet = [], ""
    for token in Lexer(template).tokenize():
        word = token.contents.split(" ")[0] if token.token_type == TokenType.BLOCK else ""
        if quiet:
            quiet = "" if word == quiet else quiet
        elif word in {"blocktranslate", "comment"}:
            quiet = f"end{word}"
        elif token.token_type == TokenType.TEXT:
            kept.append(token.contents)
        elif token.token_type == TokenType.VAR:
            kept.append("0")  # something stands here, be it inside a tag
    page = Spoken()
    page.feed("".join(kept))
    page.close()
    return {text.strip() for text in page.found if re.search(r"[^\W\d_]{2}", text)}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>{% translate 'One' %}</p>{{ name }}{# Two #}<code class=\"three\">4</code>", set()),
        ("<p>One {% blocktranslate %}Two{% endblocktranslate %}</p>", {"One"}),
        ('<img alt="Three" src="{{ src }}">', {"Three"}),
    ],
)  # fmt: skip
def test_a_word_outside_of_the_tags_is_found(template: str, words: set[str]) -> None:
    assert untranslated(template) == words


def test_no_template_speaks_outside_of_the_tags_that_translate() -> None:
    found = {name: untranslated(text) - SAME_EVERYWHERE for name, text in messages.files(messages.TEMPLATES)}
    assert not {name: words for name, words in found.items() if words}


def test_no_template_writes_a_date_its_own_way() -> None:
    """Each language has its order and its case of the month: DATE_FORMAT, DATETIME_FORMAT, or the filters of ``house``."""
    own = re.compile(r"date:\"(?![A-Z_]+_FORMAT\")[^\"]*\"")
    assert not {name: own.findall(text) for name, text in messages.files(messages.TEMPLATES) if own.findall(text)}


def plain(module: ast.Module) -> Iterator[str]:
    """Sentences that a module hands to people as they stand."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = SPOKEN_CALLS.get(name)
            spoken = [keyword.value for keyword in call.keywords if keyword.arg in SPOKEN_ARGUMENTS]
            spoken += call.args[place : place + 1] if place is not None else []
            yield from (one.value for one in spoken if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_no_form_or_message_speaks_without_gettext() -> None:
    found = {name: list(plain(module)) for name, module in modules().items()}
    assert not {name: said for name, said in found.items() if said}


def test_gettext_goes_by_the_names_that_are_collected() -> None:
    for name, module in modules().items():
        for one in ast.walk(module):
            if isinstance(one, ast.ImportFrom) and one.module == "django.utils.translation":
                made = {given.asname or given.name for given in one.names if "gettext" in given.name}
                assert made <= set(messages.CALLS), name


def test_style_sheets_know_start_and_end_and_no_left_or_right() -> None:
    """Or a page in Arabic stands the wrong way round."""
    sides = re.compile(
        r"(?:margin|padding|border|inset)-(?:left|right)|(?:text-align|float):\s*(?:left|right)|[;{\s](?:left|right):"
    )
    for sheet in (messages.ROOT / "static/css").glob("*.css"):
        assert not sides.findall(sheet.read_text("utf-8")), sheet.name


@pytest.mark.parametrize("code", [code for code, _ in settings.LANGUAGES])
def test_every_language_has_its_name_and_dates_of_its_own(code: str) -> None:
    with translation.override(code):
        assert day(timezone.now())
        assert dict(languages())[code]


@pytest.mark.django_db
class TestMail:
    """A mail is written in the language of whoever gets it."""

    def reset(self, browser: Browser, accept_language: str) -> str:
        browser.post(
            "/account/password/reset/", {"email": "ada@example.com"}, headers={"accept-language": accept_language}
        )
        (message,) = mail.outbox
        mail.outbox.clear()
        return str(message.subject)

    def test_their_own_choice_goes_before_that_of_whoever_asks(self, client: Browser) -> None:
        person(locale="uk-UA")
        assert self.reset(client, "de") == "Скидання пароля"

    def test_who_chose_none_gets_that_of_the_page(self, client: Browser) -> None:
        person()
        assert self.reset(client, "de") == "Passwort zurücksetzen"
        assert self.reset(client, "tlh") == "Reset your password"

    def test_an_operators_language_is_not_everybodys(self) -> None:
        reader, operator = person(), person("olga", locale="de")
        request = HttpRequest()
        request.user = operator
        with translation.override("de"):
            assert language_for(reader, request) == "en"
            assert language_for(operator, request) == language_for(None, request) == "de"

    def test_it_runs_from_right_to_left_where_the_language_does_and_names_the_browser_in_it(
        self, client: Browser
    ) -> None:
        person(locale="de")
        sign_in(client)
        sign_in(Browser(headers={"accept-language": "uk", "user-agent": FIREFOX}))
        (message,) = mail.outbox
        assert isinstance(message, EmailMultiAlternatives)
        assert "Firefox auf Linux" in str(message.body)
        assert '<html lang="de" dir="ltr">' in str(message.alternatives[0].content)  # type: ignore[attr-defined]

    def test_its_time_is_that_of_the_zone_which_it_names(self, client: Browser) -> None:
        person(zoneinfo="Asia/Tokyo")
        sign_in(client)
        prove(client)
        client.post("/account/privacy/export/")
        text = str(mail.outbox[-1].body)
        stands = re.search(r"When: (.+) UTC", text)
        assert stands
        written = datetime.strptime(stands[1], "%d %B %Y, %H:%M").replace(tzinfo=UTC)
        assert abs(timezone.now() - written) < timedelta(minutes=5)
