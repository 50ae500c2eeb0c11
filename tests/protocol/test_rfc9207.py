"""RFC 9207: every answer of the authorization endpoint says who gives it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings

from identity.models import LoginSession
from tests.support.front_channel import Browser, answer, location
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_a_success_carries_iss_in_every_response_mode(
    app: Party, browser: Browser, allowed: Callable[..., None], mode: str
) -> None:
    """§2, §2.1."""
    allowed()
    members = answer(browser.authorize(app, response_mode=mode), mode)
    assert members["iss"] == settings.ISSUER
    assert "code" in members


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize(
    "broken",
    [{"prompt": "none"}, {"max_age": "x"}, {"scope": "admin:all"}, {"request": "x"}, {"code_challenge": None}],
)
def test_an_error_carries_iss_and_state(app: Party, browser: Browser, mode: str, broken: dict[str, str]) -> None:
    """§2: error responses too. RFC 9700 §4.4.2."""
    members = answer(browser.authorize(app, response_mode=mode, **broken), mode)
    assert members["iss"] == settings.ISSUER
    assert members["state"] == "st-4f2"
    assert "error" in members


def test_a_denial_carries_iss(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    """§2."""
    asked = browser.authorize(app)
    assert answer(browser.decide(location(asked), "deny"))["iss"] == settings.ISSUER


def test_discovery_announces_it(browser: Browser, keys: None) -> None:
    """§3: authorization_response_iss_parameter_supported."""
    document = browser.get("/.well-known/oauth-authorization-server").json()
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["issuer"] == settings.ISSUER
