"""OpenID Connect Core 1.0 §3.1.2: the authorization endpoint of an OpenID Provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.models import Interaction
from tests.support.front_channel import (
    CHALLENGE,
    Browser,
    answer,
    claims_of,
    exchange,
    hidden,
    location,
    page,
    request_of,
)
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db


def goes_to_sign_in(response: Any) -> bool:
    return urlsplit(location(response)).path == "/account/login/"


def test_the_whole_way_from_a_stranger_to_an_id_token(app: Party, browser: Browser, person: User) -> None:
    """§3.1.1: sign-in, consent, code, ID token with nonce and auth_time."""
    first = browser.authorize(app, scope="openid profile")
    assert goes_to_sign_in(first)
    done = browser.walk(first, person)
    members = answer(done)
    assert set(members) == {"code", "state", "iss", "session_state"}
    assert location(done).startswith(REDIRECT + "?")
    claims = claims_of(exchange(app, members["code"]))
    assert claims["sub"] == str(person.pk)
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["aud"] == app.client_id
    assert "auth_time" in claims


def test_a_post_does_what_a_get_does(app: Party, browser: Browser, person: User) -> None:
    """§3.1.2.1: GET and POST must both be supported; a POST from another site carries no cookies."""
    browser.sign_in(person)
    stranger = Browser()
    posted = stranger.http.post(
        "/oauth/authorize", "&".join(f"{k}={v}" for k, v in request_of(app).items()),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert posted.status_code == 303
    assert location(posted).startswith("/oauth/authorize/")
    assert "code" in answer(browser.walk(browser.get(location(posted)), person))


def test_a_post_binds_to_the_first_browser_that_comes(
    app: Party, browser: Browser, other_browser: Browser, person: User
) -> None:
    """An interaction begun without cookies belongs to whoever follows the redirect, and to nobody after."""
    body = "&".join(f"{k}={v}" for k, v in request_of(app).items())
    posted = browser.http.post("/oauth/authorize", body, content_type="application/x-www-form-urlencoded")
    assert goes_to_sign_in(browser.get(location(posted)))
    other_browser.sign_in(person)
    stolen = other_browser.get(location(posted))
    assert stolen.status_code == 400
    assert "another browser" in page(stolen)


class TestPromptNone:
    """§3.1.2.1, §3.1.2.6: no page, ever."""

    def test_nobody_signed_in(self, app: Party, browser: Browser) -> None:
        members = answer(browser.authorize(app, prompt="none", state="s" * 128))
        assert members["error"] == "login_required"
        assert members["state"] == "s" * 128
        assert members["iss"] == settings.ISSUER
        assert set(members) == {"error", "error_description", "state", "iss", "session_state"}

    def test_not_allowed_yet(self, app: Party, browser: Browser, signed_in: LoginSession) -> None:
        assert answer(browser.authorize(app, prompt="none"))["error"] == "consent_required"

    def test_allowed_before(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed()
        assert "code" in answer(browser.authorize(app, prompt="none"))

    def test_the_scope_grew(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed()
        members = answer(browser.authorize(app, prompt="none", scope="openid email"))
        assert members["error"] == "consent_required"

    def test_with_another_prompt_is_refused(self, app: Party, browser: Browser) -> None:
        """§3.1.2.1: if none is used with any other value, an error is returned."""
        assert answer(browser.authorize(app, prompt="none login"))["error"] == "invalid_request"

    def test_a_broken_request_too_is_answered_by_redirect(self, app: Party, browser: Browser) -> None:
        for broken in ({"max_age": "-1"}, {"response_type": "foo"}, {"scope": "openid \x7f"}, {"code_challenge": None}):
            assert "error" in answer(browser.authorize(app, prompt="none", **broken))

    def test_by_post(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed()
        body = "&".join(f"{k}={v}" for k, v in request_of(app, prompt="none").items())
        posted = browser.http.post("/oauth/authorize", body, content_type="application/x-www-form-urlencoded")
        assert "code" in answer(browser.get(location(posted)))


def test_an_unknown_prompt_is_refused(app: Party, browser: Browser) -> None:
    """§3.1.2.1 lists the values; OpenID Connect Prompt Create §4.1 asks for invalid_request."""
    assert answer(browser.authorize(app, prompt="create"))["error"] == "invalid_request"


def test_prompt_login_asks_again_and_moves_auth_time(
    app: Party, browser: Browser, person: User, allowed: Callable[..., None]
) -> None:
    """§3.1.2.1 prompt=login, §2 auth_time."""
    allowed()
    before = claims_of(exchange(app, answer(browser.authorize(app))["code"]))
    with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=True):
        again = browser.authorize(app, prompt="login")
        assert goes_to_sign_in(again)
        assert parse_qs(urlsplit(location(again)).query)["prompt"] == ["login"]
        resume = parse_qs(urlsplit(location(again)).query)["next"][0]
        assert goes_to_sign_in(browser.get(resume)), "coming back without signing in changes nothing"
        after = claims_of(exchange(app, answer(browser.walk(again, person))["code"]))
    assert after["auth_time"] > before["auth_time"]
    assert after["sub"] == before["sub"]


def test_max_age_asks_again_only_when_it_is_over(
    app: Party, browser: Browser, person: User, allowed: Callable[..., None]
) -> None:
    """§3.1.2.1 max_age; auth_time is then in the ID token."""
    allowed()
    first = claims_of(exchange(app, answer(browser.authorize(app, max_age=15000))["code"]))
    second = claims_of(exchange(app, answer(browser.authorize(app, max_age=10000))["code"]))
    assert first["auth_time"] == second["auth_time"]
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=True):
        assert answer(browser.authorize(app, max_age=1, prompt="none"))["error"] == "login_required"
        again = browser.authorize(app, max_age=1)
        assert goes_to_sign_in(again)
        third = claims_of(exchange(app, answer(browser.walk(again, person))["code"]))
    assert third["auth_time"] > first["auth_time"]


def test_max_age_zero_is_prompt_login(app: Party, browser: Browser, person: User, allowed: Callable[..., None]) -> None:
    """§3.1.2.1: and it ends, though the sign-in is older than zero seconds by the time the browser is back."""
    allowed()
    again = browser.authorize(app, max_age=0)
    assert goes_to_sign_in(again)
    assert "code" in answer(browser.walk(again, person))


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "9" * 5000, "٣", " 1"])
def test_a_max_age_that_is_no_number_is_refused(app: Party, browser: Browser, value: str) -> None:
    """§3.1.2.1."""
    assert answer(browser.authorize(app, max_age=value))["error"] == "invalid_request"


def test_prompt_consent_asks_although_remembered(
    app: Party, browser: Browser, person: User, allowed: Callable[..., None]
) -> None:
    """§3.1.2.1 prompt=consent."""
    allowed()
    again = browser.authorize(app, prompt="consent")
    assert location(again).startswith("/oauth/consent/")
    assert ">new<" not in page(browser.get(location(again)))
    assert "code" in answer(browser.walk(again, person))


def test_prompt_select_account_shows_who_is_signed_in(
    app: Party, browser: Browser, person: User, other_person: User, allowed: Callable[..., None]
) -> None:
    """§3.1.2.1 prompt=select_account: go on as this person, or sign in as another."""
    allowed()
    asked = browser.authorize(app, prompt="select_account")
    shown = browser.get(location(asked))
    assert person.username in page(shown)
    assert "code" in answer(browser.walk(asked, person))

    asked = browser.authorize(app, prompt="select_account")
    shown = browser.get(location(asked))
    other = browser.post(location(asked), person=hidden(shown, "person"), account="another")
    assert goes_to_sign_in(other)
    claims = claims_of(exchange(app, answer(browser.walk(other, other_person))["code"]))
    assert claims["sub"] == str(other_person.pk)


def test_a_signed_in_stranger_to_the_page_has_selected_by_signing_in(
    app: Party, browser: Browser, person: User
) -> None:
    """§3.1.2.1: whoever has just signed in for this request is not asked which account."""
    first = browser.authorize(app, prompt="select_account")
    assert goes_to_sign_in(first)
    browser.sign_in(person)
    back = browser.get(parse_qs(urlsplit(location(first)).query)["next"][0])
    assert location(back).startswith("/oauth/consent/")


class TestIdTokenHint:
    """§3.1.2.1, §3.1.2.2."""

    def hint(self, app: Party, browser: Browser) -> str:
        token: str = exchange(app, answer(browser.authorize(app))["code"])["id_token"]
        return token

    def test_the_same_person(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed()
        hint = self.hint(app, browser)
        assert "code" in answer(browser.authorize(app, prompt="none", id_token_hint=hint))

    def test_an_expired_one_is_still_a_hint(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed()
        hint = self.hint(app, browser)
        with time_machine.travel(timezone.now() + timedelta(seconds=settings.LIFETIMES.id_token + 60), tick=True):
            assert "code" in answer(browser.authorize(app, prompt="none", id_token_hint=hint))

    def test_another_person_is_signed_in(
        self, app: Party, browser: Browser, person: User, other_person: User, allowed: Callable[..., None]
    ) -> None:
        allowed()
        hint = self.hint(app, browser)
        browser.sign_in(other_person)
        assert answer(browser.authorize(app, prompt="none", id_token_hint=hint))["error"] == "login_required"
        asked = browser.authorize(app, id_token_hint=hint)
        assert goes_to_sign_in(asked)
        assert "code" in answer(browser.walk(asked, person))

    def test_the_wrong_person_signs_in_for_it(
        self, app: Party, browser: Browser, other_person: User, allowed: Callable[..., None]
    ) -> None:
        """§3.1.2.2: otherwise it MUST return an error, such as login_required; and it must not ask for ever."""
        allowed()
        hint = self.hint(app, browser)
        browser.sign_in(other_person)
        asked = browser.authorize(app, id_token_hint=hint)
        assert answer(browser.walk(asked, other_person))["error"] == "login_required"

    @pytest.mark.parametrize("change", ["none", "cut", "garbage", "access_token"])
    def test_a_hint_that_is_not_ours_is_refused(
        self, app: Party, browser: Browser, allowed: Callable[..., None], change: str
    ) -> None:
        allowed()
        tokens = exchange(app, answer(browser.authorize(app))["code"])
        head, body, signature = tokens["id_token"].split(".")
        value = {
            "none": f"eyJhbGciOiJub25lIn0.{body}.",
            "cut": f"{head}.{body}.{signature[:-4]}AAAA",
            "garbage": "a.b.c",
            "access_token": tokens["access_token"],
        }[change]
        assert answer(browser.authorize(app, prompt="none", id_token_hint=value))["error"] == "invalid_request"

    def test_of_another_client_is_refused(
        self, app: Party, browser: Browser, make_client: Callable[..., Party], allowed: Callable[..., None]
    ) -> None:
        allowed()
        hint = self.hint(app, browser)
        other = make_client(client_name="Other")
        assert answer(browser.authorize(other, prompt="none", id_token_hint=hint))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "extra",
    [
        {"display": "popup"}, {"display": "page"}, {"display": "hologram"}, {"ui_locales": "se"}, {"claims_locales": "se de"},
        {"acr_values": "1 2"}, {"login_hint": "olena"}, {"extra": "foobar"}, {"nonce": None}, {"state": None},
        {"ui_locales": "x-" * 300},
    ],
)  # fmt: skip
def test_what_is_only_advice_never_fails_a_request(
    app: Party, browser: Browser, person: User, extra: dict[str, Any]
) -> None:
    """§3.1.2.1; §3.1.2.1 on unknown parameters: they MUST be ignored."""
    members = answer(browser.walk(browser.authorize(app, **extra), person))
    assert "code" in members
    assert ("state" in members) is ("state" not in extra)


@pytest.mark.parametrize(
    ("parameter", "error"),
    [
        ("registration", "registration_not_supported"),
    ],
)
def test_what_is_not_supported_says_so(app: Party, browser: Browser, parameter: str, error: str) -> None:
    """§3.1.2.6, §6.1, §6.2, §7.2.1."""
    assert answer(browser.authorize(app, **{parameter: "https://app.example/x"}))["error"] == error


def test_without_redirect_uri_an_openid_request_is_shown_here(
    make_client: Callable[..., Party], browser: Browser
) -> None:
    """§3.1.2.1: redirect_uri is REQUIRED, even where OAuth 2.0 would know the only one."""
    app = make_client(profile="openid")
    refused = browser.authorize(app, redirect_uri=None)
    assert refused.status_code == 400
    assert not location(refused)
    assert "redirect_uri" in page(refused)


def test_cancelling_the_sign_in_tells_the_client(app: Party, browser: Browser) -> None:
    """§3.1.2.6, RFC 6749 §4.1.2.1: access_denied; the person finds a way back."""
    resume = parse_qs(urlsplit(location(browser.authorize(app))).query)["next"][0]
    cancelled = browser.get(resume.replace("/authorize/", "/cancel/"))
    assert answer(cancelled)["error"] == "access_denied"
    assert browser.get(resume).status_code == 400


def test_the_sign_in_page_knows_the_client(app: Party, browser: Browser) -> None:
    """§3.1.2.1 login_hint; the page says for whom."""
    shown = browser.get(location(browser.authorize(app, login_hint="olena")))
    assert shown.status_code == 200
    assert "Example" in page(shown)
    assert 'value="olena"' in page(shown)
    assert "https://app.example" in shown.headers["Content-Security-Policy"]


def test_two_tabs_go_their_own_ways(app: Party, browser: Browser, person: User) -> None:
    """Two requests of one browser end in two codes."""
    one, two = browser.authorize(app, state="one"), browser.authorize(app, state="two")
    first = answer(browser.walk(one, person))
    second = answer(browser.walk(two, person))
    assert (first["state"], second["state"]) == ("one", "two")
    assert first["code"] != second["code"]


def test_nothing_is_stored_when_there_is_nothing_to_ask(
    app: Party, browser: Browser, allowed: Callable[..., None], interactions: Callable[[], int]
) -> None:
    allowed()
    before = interactions()
    assert "code" in answer(browser.authorize(app))
    assert interactions() == before


def test_an_interaction_waits_no_longer_than_an_hour(app: Party, browser: Browser, person: User) -> None:
    first = browser.authorize(app)
    assert Interaction.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.LIFETIMES.interaction + 1), tick=True):
        browser.sign_in(person)
        late = browser.get(parse_qs(urlsplit(location(first)).query)["next"][0])
    assert late.status_code == 400
    assert "expired" in page(late)
    assert CHALLENGE not in page(late)
