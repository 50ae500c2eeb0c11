"""OAuth 2.0 Form Post Response Mode 1.0."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from identity.models import LoginSession, User
from tests.support.front_channel import Browser, answer, location, page
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db


def test_the_answer_is_a_form_that_posts_to_the_client(
    app: Party, browser: Browser, allowed: Callable[..., None]
) -> None:
    """§2: the members are hidden fields, the action is the redirect URI."""
    allowed()
    shown = browser.authorize(app, response_mode="form_post")
    assert shown.status_code == 200
    assert not location(shown)
    assert f'<form method="post" action="{REDIRECT}">' in page(shown)
    members = answer(shown, "form_post")
    assert set(members) == {"code", "state", "iss", "session_state"}


def test_it_works_without_javascript_and_with_it_needs_no_inline_script(
    app: Party, browser: Browser, allowed: Callable[..., None]
) -> None:
    """§2 leaves open how the form is submitted: a visible button, and a script of our own that presses it."""
    allowed()
    shown = browser.authorize(app, response_mode="form_post")
    assert 'id="id_continue"' in page(shown)
    assert "onload" not in page(shown)
    assert 'src="/static/oauth_server/form_post' in page(shown)
    policy = dict(part.split(" ", 1) for part in shown.headers["Content-Security-Policy"].split("; "))
    assert policy["form-action"].split() == ["'self'", "https://app.example"]
    assert "'unsafe-inline'" not in policy["script-src"]


def test_it_is_never_stored(app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
    """§4: the page holds a code."""
    allowed()
    assert browser.authorize(app, response_mode="form_post").headers["Cache-Control"] == "no-store"


def test_the_client_learns_our_origin_but_not_the_address(
    app: Party, browser: Browser, allowed: Callable[..., None]
) -> None:
    """Clients check the Origin of a POST; a policy that hides the referrer altogether makes it null."""
    allowed()
    assert browser.authorize(app, response_mode="form_post").headers["Referrer-Policy"] == "strict-origin"


def test_state_cannot_break_out_of_the_page(app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
    """CVE-2024-21637 and its kin: whoever writes the state must not write the page."""
    allowed()
    evil = '"><script>alert(1)</script>'
    shown = browser.authorize(app, response_mode="form_post", state=evil)
    assert "<script>alert" not in page(shown)
    assert answer(shown, "form_post")["state"] == evil


def test_after_consent_the_form_comes_as_well(
    app: Party, browser: Browser, person: User, signed_in: LoginSession
) -> None:
    done = browser.walk(browser.authorize(app, response_mode="form_post"), person)
    assert "code" in answer(done, "form_post")


def test_an_error_comes_as_a_form_too(app: Party, browser: Browser) -> None:
    """§2: all of the answer."""
    shown = browser.authorize(app, response_mode="form_post", prompt="none")
    assert answer(shown, "form_post")["error"] == "login_required"
