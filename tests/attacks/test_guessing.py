"""Ways around the limits on guessing (scorecard T-04)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from identity.sign_in.throttle import Guess, spend
from tests.support.people import PASSWORD, page, person, sign_in

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
