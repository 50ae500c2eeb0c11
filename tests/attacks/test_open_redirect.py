"""No page of the front channel leads where somebody else says (attack table 2A; RFC 9700 §4.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from identity.models import LoginSession
from tests.support.front_channel import Browser, answer, hidden, location, request_of
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db

EVIL = "https://evil.example/"


def test_a_tampered_consent_form_redirects_nowhere_else(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    """The address is in the stored request; what a form adds is not read."""
    at = location(browser.authorize(app))
    shown = browser.get(at)
    denied = browser.post(
        at, person=hidden(shown, "person"), decision="deny", redirect_uri=EVIL, next=EVIL, client_id="x", state="evil"
    )
    assert location(denied).startswith(REDIRECT + "?")
    assert answer(denied)["state"] == "st-4f2"


@pytest.mark.parametrize("name", ["next", "redirect_uri", "post_logout_redirect_uri", "return_to", "url", "continue"])
def test_no_page_follows_a_parameter(
    app: Party, browser: Browser, signed_in: LoginSession, allowed: Callable[..., None], name: str
) -> None:
    """RFC 6749 §10.15."""
    at = location(browser.authorize(app))
    key = at.rsplit("/", 1)[1]
    for path in ("/oauth/consent/", "/oauth/authorize/", "/oauth/select-account/"):
        for response in (browser.get(f"{path}{key}", **{name: EVIL}), browser.post(f"{path}{key}", **{name: EVIL})):
            assert "evil" not in location(response)
    for path in ("/oauth/logout", "/oauth/logout/done"):
        assert "evil" not in location(browser.get(path, **{name: EVIL}))
    assert "evil" not in location(browser.post("/oauth/logout/confirm", **{name: EVIL}))


@pytest.mark.parametrize(
    "key", ["..", "%2e%2e", "//evil.example", "https:%2f%2fevil.example", "gth_in_" + "x" * 49, "\\evil.example"]
)
def test_an_address_that_names_no_interaction_leads_nowhere(browser: Browser, keys: None, key: str) -> None:
    for path in ("/oauth/authorize/", "/oauth/consent/", "/oauth/select-account/", "/oauth/cancel/"):
        response = browser.http.get(path + quote(key, safe="%/"))
        assert response.status_code in {301, 400, 404}
        assert "evil" not in location(response)


def test_the_sign_in_page_is_told_only_paths_of_ours(app: Party, browser: Browser) -> None:
    where = parse_qs(urlsplit(location(browser.authorize(app, login_hint=EVIL))).query)
    assert where["next"][0].startswith("/oauth/authorize/gth_in_")


def test_the_host_header_changes_nothing(app: Party, browser: Browser, settings: Any) -> None:
    """The issuer is a setting; a forged Host is refused before anything is said."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    refused = browser.http.get("/oauth/authorize", request_of(app, prompt="none"), headers={"Host": "evil.example"})
    assert "evil" not in location(refused)
