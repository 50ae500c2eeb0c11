"""Ways around the limits on guessing (scorecard T-04)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

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
