"""Doors beside the front door: attacks on accounts that worked on other servers, each by its record. What a sign-in is worth, who
may guess how often, and whose name a name is must not depend on the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.test import Client as Browser

from identity.models import LoginSession, User
from tests.identity.test_upstream_sign_in import link
from tests.support.people import PASSWORD, is_signed_in, page, person, sign_in
from tests.support.upstream import Provider, Traveller, connect

pytestmark = pytest.mark.django_db
NEW = "another horse battery staple"


def by_password(browser: Browser, there: Provider) -> None:
    sign_in(browser)


def by_a_mailed_code(browser: Browser, there: Provider) -> None:
    browser.post("/account/login/code/", {"email": "ada@example.com"})
    found = re.search(r"^([A-Z]{4}-[A-Z]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    browser.post("/account/login/code/confirm/", {"code": found[1]})


def by_a_provider(browser: Browser, there: Provider) -> None:
    Traveller(browser).sign_in(there)


def by_a_reset_password(browser: Browser, there: Provider) -> None:
    browser.post("/account/password/reset/", {"email": "ada@example.com"})
    found = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert found
    form = browser.get(found[1], follow=True)
    browser.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert not is_signed_in(browser), "a mail alone is no sign-in"
    sign_in(browser, password=NEW)


@pytest.mark.parametrize("door", [by_password, by_a_mailed_code, by_a_provider, by_a_reset_password])
def test_every_way_in_ends_at_the_second_step(
    there: Provider, settings: Any, client: Browser, door: Callable[[Browser, Provider], None]
) -> None:
    """Casdoor CVE-2026-9091, Zitadel CVE-2025-64103, Pocket ID GHSA-hp74: one of them went past it."""
    settings.FEATURES = replace(settings.FEATURES, email_code=True)
    connect(there)
    ada = person("ada")
    link(ada, there)
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    door(client, there)
    assert not is_signed_in(client)
    assert not LoginSession.objects.exists()
    assert "authenticate" in str(client.get("/account/2fa/authenticate/").request["PATH_INFO"])
    assert client.get("/account/2fa/authenticate/").status_code == 200, "which is where the person is now"


def test_guesses_at_one_door_are_guesses_at_all_of_them(client: Browser) -> None:
    """Keycloak CVE-2026-9798: an account that was locked at one flow was guessed at by another."""
    person("ada")
    sign_in(client)
    for _ in range(5):
        client.post("/account/reauthenticate/", {"password": "wrong"})
        client.post("/account/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert not User.objects.get().check_password(NEW)
    client.post("/account/logout/")
    assert "Too many" in page(sign_in(client))


@pytest.mark.parametrize("given", ["", " ", "!", "the stored text"])
def test_an_account_without_a_password_is_opened_by_none(client: Browser, given: str) -> None:
    """django-allauth 65.11.1: accounts that were made without a password; Django marks them with an exclamation mark."""
    ada = person("ada")
    ada.set_unusable_password()
    ada.save()
    sign_in(client, password=ada.password if given == "the stored text" else given)
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "other", ["\u00e1lice", "\uff41\uff4c\uff49\uff43\uff45", "ALICE", "alice ", "alice\u200b", "ali\u0441e"]
)
def test_another_spelling_of_a_name_is_the_same_account_or_none(other: str) -> None:
    """django-allauth CVE-2026-97764: each variant of a name had guesses of its own at the same account."""
    person("alice")
    means_her = opens(other)
    for _ in range(10):
        sign_in(Browser(), other, "wrong")
    assert not opens(other)
    assert opens("alice") is not means_her, "its guesses count for her exactly if it is her"


def opens(login: str) -> bool:
    browser = Browser()
    sign_in(browser, login)
    return is_signed_in(browser)
