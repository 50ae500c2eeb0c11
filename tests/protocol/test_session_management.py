"""OpenID Connect Session Management 1.0; what its frame does in a browser is in tests/journeys/test_logout_in_a_browser.py."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.cookies import Morsel
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import override_settings

from identity.models import LoginSession, User
from oauth_server.endpoints.browser_state import COOKIE
from tests.support import people
from tests.support.front_channel import Browser, answer, hidden, location
from tests.support.parties import REDIRECT, Http, Party

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example"


def cookie(browser: Browser) -> str:
    held = browser.http.cookies.get(COOKIE)
    return held.value if held else ""


def morsel(response: Any) -> Morsel[str] | None:
    found: Morsel[str] | None = response.cookies.get(COOKIE)
    return found


def fits(session_state: str, client_id: str, browser: Browser, origin: str = ORIGIN) -> bool:
    """The computation of §3.2, as a client's frame has it done."""
    digest, _, salt = session_state.partition(".")
    text = f"{client_id} {origin} {cookie(browser)} {salt}"
    return bool(salt) and hashlib.sha256(text.encode()).hexdigest() == digest


class TestSessionState:
    """§2."""

    def test_an_answer_has_one_that_fits_the_browser_the_client_and_the_origin(
        self, app: Party, browser: Browser, person: User
    ) -> None:
        members = answer(browser.walk(browser.authorize(app), person))
        assert " " not in members["session_state"]
        assert fits(members["session_state"], app.client_id, browser)
        assert not fits(members["session_state"], app.client_id, browser, "https://evil.example")
        assert not fits(members["session_state"], "another", browser)
        again = answer(browser.authorize(app))
        assert again["session_state"] != members["session_state"], "the salt is new"
        assert fits(members["session_state"], app.client_id, browser)

    @pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
    def test_in_every_response_mode(
        self, app: Party, browser: Browser, allowed: Callable[..., None], mode: str
    ) -> None:
        allowed()
        members = answer(browser.authorize(app, response_mode=mode), mode)
        assert fits(members["session_state"], app.client_id, browser)

    def test_a_silent_request_that_fails_has_one_too(self, app: Party, browser: Browser, person: User) -> None:
        """§3: this is how a client learns of a sign-out, and what it compares from then on."""
        members = answer(browser.authorize(app, prompt="none"))
        assert members["error"] == "login_required"
        assert fits(members["session_state"], app.client_id, browser)
        browser.sign_in(person)
        browser.get("/account/")
        assert not fits(members["session_state"], app.client_id, browser)

    @pytest.mark.parametrize("how", ["deny", "cancel"])
    def test_a_person_who_says_no_gives_one_too(self, app: Party, browser: Browser, person: User, how: str) -> None:
        """§2: an Authentication Error Response SHOULD have it."""
        if how == "deny":
            browser.sign_in(person)
            members = answer(browser.decide(urlsplit(location(browser.authorize(app))).path, "deny"))
        else:
            resume = parse_qs(urlsplit(location(browser.authorize(app))).query)["next"][0]
            members = answer(browser.get(resume.replace("/authorize/", "/cancel/")))
        assert members["error"] == "access_denied"
        assert fits(members["session_state"], app.client_id, browser)

    def test_plain_oauth_has_none(self, make_client: Callable[..., Party], browser: Browser, person: User) -> None:
        plain = make_client(scope="notes:read")
        assert "session_state" not in answer(
            browser.walk(browser.authorize(plain, scope="notes:read", nonce=None), person)
        )

    def test_an_app_on_a_device_has_none(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        """There is no page, and so no origin."""
        uri = "com.example.app:/cb"
        native = make_client(application_type="native", redirect_uris=[uri])
        done = browser.get("/oauth/authorize")
        done = browser.authorize(native, redirect_uri=uri)
        for _ in range(6):
            if location(done).startswith("com.example.app:"):
                break
            done = step(browser, done, person)
        assert "code=" in location(done)
        assert "session_state" not in location(done)


def step(browser: Browser, response: Any, person: User) -> Any:
    where = urlsplit(location(response)).path
    if where == "/account/login/":
        browser.sign_in(person)
        return browser.get(location(response).partition("next=")[2].partition("&")[0].replace("%2F", "/"))
    return browser.allow(where) if where.startswith("/oauth/consent/") else browser.get(location(response))


class TestTheCookie:
    """§3.2, §4.2: the state of the browser, that the frame's script can read."""

    def test_it_comes_with_a_sign_in_and_tells_no_sid(self, browser: Browser) -> None:
        people.person()
        browser.get("/account/login/")
        assert cookie(browser) == ""
        shown = people.sign_in(browser.http)
        assert cookie(browser)
        assert browser.http.session["sid"] not in cookie(browser)
        sent = morsel(shown)
        assert sent is not None
        assert sent["httponly"] == ""
        assert sent["samesite"] == "Lax"

    @override_settings(SESSION_COOKIE_SECURE=True)
    def test_over_https_it_reaches_frames_of_other_sites(self, browser: Browser) -> None:
        people.person()
        sent = morsel(people.sign_in(browser.http))
        assert sent is not None
        assert (sent["samesite"], sent["secure"], sent["path"]) == ("None", True, "/")

    def test_the_same_person_again_changes_nothing(self, browser: Browser, person: User) -> None:
        """Session Management is about who is signed in, not since when."""
        browser.sign_in(person)
        browser.get("/account/")
        before = cookie(browser)
        browser.sign_in(person)
        browser.get("/account/")
        assert cookie(browser) == before != ""

    def test_somebody_else_changes_it(self, browser: Browser, person: User, other_person: User) -> None:
        browser.sign_in(person)
        browser.get("/account/")
        before = cookie(browser)
        browser.sign_in(other_person)
        browser.get("/account/")
        assert cookie(browser) not in {before, ""}

    @pytest.mark.parametrize("page", ["/account/logout/", "/oauth/logout/confirm"])
    def test_a_sign_out_takes_it_away(self, browser: Browser, signed_in: LoginSession, page: str) -> None:
        browser.get("/account/")
        assert cookie(browser)
        sealed = hidden(browser.get("/oauth/logout"), "request")
        browser.post(page, request=sealed)
        assert cookie(browser) == ""

    def test_a_sign_in_that_was_ended_elsewhere_is_noticed_at_the_next_page(
        self, browser: Browser, other_browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        browser.get("/account/")
        other_browser.sign_in(person)
        other_browser.post("/account/sessions/end-others/")
        browser.get("/account/")
        assert cookie(browser) == ""

    def test_a_frame_on_another_site_does_not_take_it_away(
        self, app: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        """There the session's cookie is not sent (SameSite=Lax), which is no sign-out."""
        browser.get("/account/")
        before = cookie(browser)
        del browser.http.cookies[settings.SESSION_COOKIE_NAME]
        browser.authorize(app, prompt="none")
        assert cookie(browser) == before

    def test_a_page_that_does_not_look_at_the_session_is_left_alone(
        self, browser: Browser, signed_in: LoginSession, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            browser.get("/oauth/check-session")


class TestTheFrame:
    """§3.2."""

    def test_any_site_may_show_it_and_it_does_nothing_but_compare(self, keys: None) -> None:
        shown = Http().get("/oauth/check-session")
        assert shown.status_code == 200
        assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "X-Frame-Options" not in shown.headers
        assert "frame-ancestors" not in shown.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'" in shown.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in shown.headers
        assert f'data-cookie="{COOKIE}"' in shown.text
        assert Http().get("/oauth/check-session", headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304

    def test_no_other_page_may_be_framed(self, browser: Browser) -> None:
        shown = browser.get("/account/login/")
        assert shown.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]

    def test_discovery_names_it(self, keys: None) -> None:
        """§3.3."""
        document = Http().get("/.well-known/openid-configuration").json()
        assert document["check_session_iframe"] == f"{settings.ISSUER}/oauth/check-session"
        assert REDIRECT.startswith(ORIGIN)
