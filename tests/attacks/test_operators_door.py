"""A password that was phished does not open the operators' pages (ASVS 5.0 §6.3.3, §7.5.3)."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from identity.models import User
from tests.support.factors import App, give_app
from tests.support.people import PASSWORD, page, person, sign_in

pytestmark = pytest.mark.django_db

ADMIN, MORE, SECOND = "/admin/identity/user/", "/account/login/more/", "/account/2fa/authenticate/"


@pytest.fixture(autouse=True)
def as_in_production(settings: Any) -> None:
    settings.ADMIN_MINIMUM_ACR = "2"


def led(browser: Browser, address: str) -> Any:
    """Where the browser ends up."""
    return browser.get(address, follow=True)


def enter(browser: Browser) -> User:
    """An operator, signed in by a password."""
    user = person("olga")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    sign_in(browser, "olga")
    return user


@pytest.fixture
def olga(client: Browser) -> App:
    """An operator with an authenticator app that was not asked for in this sign-in."""
    return give_app(enter(client))


def test_a_password_alone_leads_to_the_second_step_and_that_leads_in(client: Browser, olga: App) -> None:
    asked = led(client, ADMIN)
    assert [where.partition("?")[0] for where, _ in asked.redirect_chain][-2:] == [MORE, SECOND]
    assert "Administration wants to be surer" in page(asked)
    where, _ = asked.redirect_chain[-1]
    done = client.post(where, {"code": olga.code()})
    assert done.headers["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_what_is_posted_without_it_changes_nothing(client: Browser, olga: App) -> None:
    victim = person("victim")
    answer = client.post(f"{ADMIN}{victim.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert User.objects.filter(pk=victim.pk).exists()


def test_an_operator_without_a_second_step_is_led_to_set_one_up(client: Browser) -> None:
    enter(client)
    shown = led(client, ADMIN)
    assert "You have no second step yet" in page(shown)
    assert "/account/2fa/totp/activate/?next=" in page(shown)


def test_a_strong_sign_in_that_is_old_leads_to_the_sign_in_page(client: Browser, olga: App, settings: Any) -> None:
    where = led(client, ADMIN).redirect_chain[-1][0]
    client.post(where, {"code": olga.code()})
    with time_machine.travel(time.time() + settings.LIFETIMES.operator_proof + 60):
        assert "prompt=login" in led(client, ADMIN).redirect_chain[-1][0]
        again = sign_in(client, "olga", PASSWORD, f"?prompt=login&next={ADMIN}")
        assert again.headers["Location"].startswith(SECOND)


def test_whoever_is_no_operator_is_told_so(client: Browser) -> None:
    person("eve")
    sign_in(client, "eve")
    assert led(client, ADMIN).status_code == 403


def test_who_gives_up_is_led_out_and_not_round_in_a_circle(client: Browser, olga: App) -> None:
    led(client, ADMIN)
    assert client.post("/account/login/cancel/", {"next": ADMIN}).headers["Location"] == "/account/"
