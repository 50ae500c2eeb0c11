"""``IDENTIFIER_FIRST=on``: the name first, then what there is to prove it with; nobody learns who has an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client as Browser
from django.utils import timezone

from identity.models import BrowserSession, User
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, sign_in
from tests.support.upstream import Provider, connect

pytestmark = pytest.mark.django_db

PASSWORD_FIELD = 'id="id_password"'


@pytest.fixture(autouse=True)
def name_first(settings: Any) -> None:
    settings.IDENTIFIER_FIRST = True
    settings.FEATURES = replace(settings.FEATURES, email_code=True)


def tell(browser: Browser, name: str, query: str = "") -> str:
    """Type a name; the address of the second page."""
    answer = browser.post(LOGIN + query, {"login": name})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_the_first_page_asks_for_the_name_and_offers_what_needs_none(client: Browser) -> None:
    shown = page(client.get(LOGIN))
    assert 'id="id_login"' in shown
    assert PASSWORD_FIELD not in shown
    assert 'autocomplete="username webauthn"' in shown, "the browser offers passkeys in it"


def test_the_second_page_takes_the_password_and_leads_on(client: Browser) -> None:
    person()
    second = tell(client, "ada@example.com", "?next=/account/profile/")
    assert "ada" not in second, "no address and no log holds a name"
    shown = page(client.get(second))
    assert "Signing in as <strong>ada@example.com</strong>" in shown
    assert PASSWORD_FIELD in shown
    assert 'name="login" value="ada@example.com" autocomplete="username"' in shown, "for password managers"
    answer = client.post(second, {"login": "ada@example.com", "password": PASSWORD})
    assert answer.headers["Location"] == "/account/profile/"
    assert is_signed_in(client)


def test_a_reload_and_a_second_tab_find_the_second_page(client: Browser) -> None:
    second = tell(client, "ada")
    for _tab in range(2):
        assert "<strong>ada</strong>" in page(client.get(second))
    other = tell(client, "bob")
    assert "<strong>bob</strong>" in page(client.get(other))
    assert "Signing in as" not in page(client.get(LOGIN)), "the first page is where it was"


def test_a_wrong_password_stays_on_the_second_page_and_names_who_it_was_for(client: Browser) -> None:
    person()
    second = tell(client, "ada")
    shown = page(client.post(second, {"login": "ada", "password": "wrong"}))
    assert "<strong>ada</strong>" in shown
    assert "is not right" in shown
    assert PASSWORD_FIELD in shown


def test_whoever_is_somebody_else_begins_again(client: Browser) -> None:
    second = tell(client, "ada", "?next=/account/profile/")
    assert 'id="id_begin_again" href="/account/login/?next=%2Faccount%2Fprofile%2F&who=other"' in page(
        client.get(second)
    )
    shown = page(client.get(LOGIN + "?next=%2Faccount%2Fprofile%2F&who=other"))
    assert 'id="id_login"' in shown
    assert PASSWORD_FIELD not in shown


@pytest.mark.parametrize("name", ["", "   "])
def test_no_name_leads_back_to_the_question(client: Browser, name: str) -> None:
    assert PASSWORD_FIELD not in page(client.get(tell(client, name)))


def test_the_second_page_is_forgotten_in_time_and_in_other_browsers(client: Browser) -> None:
    second = tell(client, "ada")
    assert "Signing in as" not in page(Browser().get(second))
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert "Signing in as" not in page(client.get(second))


def test_whatever_name_is_typed_the_second_page_is_the_same() -> None:
    """Scorecard T-02: known, unknown, disabled, without a password."""
    person("ada")
    User.objects.filter(pk=person("disabled").pk).update(is_active=False)
    nopass = person("nopass")
    nopass.set_unusable_password()
    nopass.save()
    seen = set()
    for name in ("ada", "nobody", "disabled", "nopass", "ada@example.com", "nobody@example.com"):
        browser = Browser()
        second = tell(browser, name)
        answer = browser.get(second)
        headers = {(k, v) for k, v in answer.headers.items() if k not in {"X-Request-Id", "Content-Length", "Expires"}}
        token = answer.context["csrf_token"]
        seen.add((second, page(answer).replace(name, "NAME").replace(str(token), "TOKEN"), frozenset(headers)))
    assert len({(second, headers) for second, _, headers in seen}) == 1
    assert len({text for _, text, _ in seen}) == 1


def test_a_browser_that_the_person_knows_shows_what_they_have_and_nothing_else(client: Browser) -> None:
    ada = person()
    sign_in(client)
    client.post("/account/logout/")
    ada.set_unusable_password()
    ada.save()
    shown = page(client.get(tell(client, "ada")))
    assert PASSWORD_FIELD not in shown
    assert 'id="id_email_code"' in shown, "the address is confirmed"
    assert PASSWORD_FIELD in page(client.get(tell(client, "bob"))), "of somebody else it knows nothing"
    EmailAddress.objects.filter(user=ada).update(verified=False)
    assert PASSWORD_FIELD in page(client.get(tell(client, "ada"))), "without any way in it is like any other page"


def test_an_address_brings_the_provider_of_its_domain_to_the_top(client: Browser, there: Provider) -> None:
    """Home-realm discovery, whoever has an account."""
    connect(there, is_offered=False, home_domains=["corp.example"])
    assert "id_with_there" not in page(client.get(tell(client, "kim@elsewhere.example")))
    assert "id_with_there" in page(client.get(tell(client, "nobody@corp.example")))


def test_the_code_by_mail_knows_the_address_already(client: Browser) -> None:
    second = tell(client, "ada@example.com")
    link = "/account/login/code/?" + second.partition("?")[2]
    assert link in page(client.get(second))
    assert 'value="ada@example.com"' in page(client.get(link))


def test_whoever_signs_in_anew_is_asked_for_the_password_at_once(client: Browser) -> None:
    person()
    sign_in(client)
    shown = page(client.get(LOGIN + "?prompt=login"))
    assert "<strong>ada</strong>" in shown
    assert PASSWORD_FIELD in shown


def test_both_at_once_sign_in_too(client: Browser) -> None:
    """A password manager fills a form that it knows."""
    person()
    sign_in(client)
    assert is_signed_in(client)


def test_names_that_one_address_leaves_in_the_table_of_sessions_are_limited(settings: Any) -> None:
    """ASVS 5.0 §2.4.1: a stranger fills no table."""
    settings.THROTTLES = True
    before = BrowserSession.objects.count()
    answers = [Browser().post(LOGIN, {"login": "ada"}).status_code for _ in range(210)]
    assert set(answers) == {303, 429}
    assert BrowserSession.objects.count() - before == answers.count(303) == 200


def test_by_default_one_page_asks_for_both(client: Browser, settings: Any) -> None:
    settings.IDENTIFIER_FIRST = False
    shown = page(client.get(LOGIN + "?who=named"))
    assert 'id="id_login"' in shown
    assert PASSWORD_FIELD in shown
    assert client.post(LOGIN, {"login": "ada"}).status_code == 200
