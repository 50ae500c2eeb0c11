"""Ways around the limits on guessing (scorecard T-04)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from identity.sign_in.throttle import Guess, spend
from tests.support.people import PASSWORD, is_signed_in, page, person, sign_in

pytestmark = pytest.mark.django_db


def test_whoever_shares_a_browser_gets_no_new_guesses_by_signing_in_there(client: Browser) -> None:
    """Each own sign-in wrote the cookie anew, and the new cookie had ten guesses at the other person."""
    person("ada")
    person("mallory")
    sign_in(client, "ada")
    client.post("/account/logout/")
    for _ in range(10):
        sign_in(client, "ada", "wrong")
    sign_in(client, "mallory")
    client.post("/account/logout/")
    assert "Too many" in page(sign_in(client, "ada", PASSWORD))


def test_a_flood_of_made_up_names_pushes_no_counter_out() -> None:
    """Each refused guess made two more counters, until the cache in memory forgot the guesses at everybody else."""
    for _ in range(10):
        spend(Guess("ada", "192.0.2.1"))
    for n in range(6_000):
        spend(Guess(f"nobody{n}", "198.51.100.1"))
    assert not spend(Guess("ada", "192.0.2.1"))


def test_the_username_and_the_address_of_one_account_share_their_guesses(client: Browser) -> None:
    """Whoever took turns had ten guesses for each name (as in CVE-2025-24806); other names in between change nothing."""
    person("ada")
    for login in ("ada", "ada@example.com") * 5:
        sign_in(client, login, "wrong")
    for login in ("ada", "ada@example.com", "ADA@example.com"):
        assert not is_signed_in_by(client, login)
    assert not is_signed_in_by(Browser(), "ada")


def test_a_shared_limit_does_not_tell_whose_address_it_is(client: Browser) -> None:
    """A sentence of its own would say that this username and this address are one account (ASVS 5.0 §6.3.8)."""
    person("ada")
    for _ in range(10):
        sign_in(client, "ada", "wrong")
    known = page(sign_in(client, "ada@example.com", "wrong"))
    assert known.replace("ada@example.com", "…") == page(sign_in(client, "bob@example.com", "wrong")).replace(
        "bob@example.com", "…"
    )
    assert page(sign_in(client, "ada@example.com", PASSWORD)) == known


def is_signed_in_by(browser: Browser, login: str) -> bool:
    """Does the right password sign in?"""
    sign_in(browser, login, PASSWORD)
    return is_signed_in(browser)
