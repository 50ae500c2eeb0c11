"""Limits on guessing (scorecard T-04, T-07, R-08; ASVS 5.0 §6.3.1)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client as Browser
from django.utils import timezone

from identity.sign_in import throttle
from identity.sign_in.throttle import Guess, give_back, spend
from tests.support.people import PASSWORD, is_signed_in, page, person, sign_in

HOUR = timedelta(hours=1, seconds=1)


def guesses(guess: Guess, times: int) -> int:
    """How many of them are judged."""
    return sum(spend(guess) for _ in range(times))


def test_ten_wrong_guesses_an_hour_for_an_account_from_an_address() -> None:
    guess = Guess("ada", "192.0.2.1")
    assert guesses(guess, 50) == 10
    with time_machine.travel(timezone.now() + HOUR):
        assert guesses(guess, 50) == 10


@pytest.mark.parametrize("same", ["ADA", " ada "])
def test_the_account_is_the_same_however_it_is_typed(same: str) -> None:
    guesses(Guess("ada", "192.0.2.1"), 10)
    assert not spend(Guess(same, "192.0.2.1"))


def test_an_address_has_a_limit_over_all_accounts() -> None:
    assert sum(spend(Guess(f"person{n}", "192.0.2.1")) for n in range(300)) == 100


def test_an_account_has_a_limit_over_all_addresses() -> None:
    assert sum(spend(Guess("ada", f"192.0.2.{n}")) for n in range(250)) == 100


def test_whoever_has_one_ipv6_address_has_a_network_of_them() -> None:
    assert sum(spend(Guess("ada", f"2001:db8:1:2::{n:x}")) for n in range(50)) == 10
    assert spend(Guess("ada", "2001:db8:1:3::1"))


def test_an_ipv4_address_in_ipv6_dress_is_the_same_address() -> None:
    guesses(Guess("ada", "192.0.2.1"), 10)
    assert not spend(Guess("ada", "::ffff:192.0.2.1"))


def test_a_right_guess_is_given_back_and_wipes_no_slate() -> None:
    """An attacker who signs in to an own account between guesses gains nothing (django-allauth 65.8.1)."""
    guess = Guess("ada", "192.0.2.1")
    guesses(guess, 9)
    assert spend(guess)
    give_back(guess)
    assert guesses(guess, 5) == 1


def test_parallel_guesses_cannot_slip_through() -> None:
    """Two hundred at the same time: at most ten are judged (Keycloak CVE-2024-4629; scorecard R-08)."""
    guess = Guess("ada", "192.0.2.1")
    judged: list[bool] = []
    gate = threading.Barrier(50)

    def attack() -> None:
        gate.wait()
        judged.extend(spend(guess) for _ in range(4))

    attackers = [threading.Thread(target=attack) for _ in range(50)]
    for attacker in attackers:
        attacker.start()
    for attacker in attackers:
        attacker.join()
    assert len(judged) == 200
    assert sum(judged) == 10


class Away(LocMemCache):
    """A cache that cannot be reached."""

    def add(self, *_: Any, **__: Any) -> bool:
        raise ConnectionError


def test_without_the_cache_guesses_are_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorecard K-03: limits fall back and still count."""
    monkeypatch.setattr(throttle, "caches", {"default": Away("away", {})})
    assert guesses(Guess("ada", "192.0.2.99"), 50) == 10
    assert isinstance(caches["default"], LocMemCache)


@pytest.mark.django_db
def test_the_eleventh_wrong_password_is_not_judged_and_neither_is_the_right_one(client: Browser) -> None:
    person()
    for _ in range(10):
        assert "Too many" not in page(sign_in(client, password="wrong"))
    response = sign_in(client, password=PASSWORD)
    assert "Too many wrong passwords" in page(response)
    assert not is_signed_in(client)


@pytest.mark.django_db
def test_an_unknown_account_has_the_same_limit(client: Browser) -> None:
    """A limit that only known accounts have would tell them apart."""
    for _ in range(10):
        assert "Too many" not in page(sign_in(client, "nobody", "wrong"))
    assert "Too many" in page(sign_in(client, "nobody", "wrong"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X_Forwarded_For", "True-Client-IP", "CF-Connecting-IP"]
)
def test_a_header_that_anybody_can_send_changes_no_counter(client: Browser, header: str) -> None:
    """Scorecard T-07: only REMOTE_ADDR counts, which the middleware sets from trusted proxies alone (allauth 65.14.2, CVE-2024-47070)."""
    person()
    for n in range(10):
        client.post("/account/login/", {"login": "ada", "password": "wrong"}, headers={header: f"198.51.100.{n}"})
    response = client.post("/account/login/", {"login": "ada", "password": "wrong"}, headers={header: "198.51.100.99"})
    assert "Too many" in page(response)


@pytest.mark.django_db
def test_a_stranger_cannot_lock_a_person_out_of_a_browser_they_know(client: Browser) -> None:
    """Scorecard T-04: the owner with a known device signs in during the attack."""
    person()
    sign_in(client)
    client.post("/account/logout/")
    stranger = Browser()
    for n in range(120):
        stranger.post("/account/login/", {"login": "ada", "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{n}")
    assert "Too many" in page(Browser().post("/account/login/", {"login": "ada", "password": PASSWORD}))
    sign_in(client)
    assert is_signed_in(client)


@pytest.mark.django_db
def test_a_known_browser_has_a_limit_too_and_only_for_its_own_person(client: Browser) -> None:
    """A stolen or borrowed device is no way around the limits."""
    person("ada")
    person("bob")
    sign_in(client, "ada")
    client.post("/account/logout/")
    for login in ("ada", "bob"):
        for _ in range(10):
            sign_in(client, login, "wrong")
        assert "Too many" in page(sign_in(client, login, PASSWORD)), login


@pytest.mark.django_db
def test_a_cookie_that_we_did_not_sign_makes_no_browser_known(client: Browser) -> None:
    user = person()
    for n in range(11):
        client.cookies["gatehouse_device"] = f'["{user.pk}"]:{n}'
        response = sign_in(client, password="wrong")
    assert "Too many" in page(response)


@pytest.mark.django_db
def test_confirming_a_change_counts_as_guessing_too(client: Browser) -> None:
    """ASVS 6.3.1: every door to the same password has the same limit."""
    person()
    sign_in(client)
    for _ in range(10):
        client.post("/account/reauthenticate/", {"password": "wrong"})
    response = client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert response.status_code in {200, 429}
    assert not any(record.get("reauthenticated") for record in client.session["account_authentication_methods"])


@pytest.mark.django_db
def test_switched_off_there_is_no_limit(client: Browser, settings: Any) -> None:
    settings.THROTTLES = False
    person()
    for _ in range(15):
        sign_in(client, password="wrong")
    sign_in(client)
    assert is_signed_in(client)
