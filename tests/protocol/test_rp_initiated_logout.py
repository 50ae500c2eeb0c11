"""OpenID Connect RP-Initiated Logout 1.0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.test import Client as Http
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.models import Participation, TokenFamily
from tests.support.front_channel import Browser, answer, exchange, hidden, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

AFTERWARDS = "https://app.example/signed-out"


@pytest.fixture
def app(make_client: Callable[..., Party]) -> Party:
    return make_client(post_logout_redirect_uris=[AFTERWARDS])


@pytest.fixture
def tokens(app: Party, browser: Browser, allowed: Callable[..., None]) -> dict[str, Any]:
    """What a client got in the sign-in of this browser."""
    allowed("openid offline_access")
    return exchange(app, answer(browser.authorize(app, scope="openid offline_access"))["code"])


def is_over(session: LoginSession) -> bool:
    session.refresh_from_db()
    return session.ended_at is not None


def says_signed_out(browser: Browser, response: Any) -> bool:
    while response.status_code == 303:
        assert not urlsplit(location(response)).netloc
        response = browser.get(location(response))
    return response.status_code == 200 and "signed out" in page(response)


def asks(response: Any) -> bool:
    return response.status_code == 200 and 'id="id_logout"' in page(response)


def confirm(browser: Browser, shown: Any) -> Any:
    return browser.post("/oauth/logout/confirm", request=hidden(shown, "request"))


class TestWithAHintOfThisSignIn:
    """§2: the OP may do without asking."""

    def test_it_ends_and_the_browser_returns_with_state_alone(
        self, app: Party, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        """§3."""
        done = browser.get(
            "/oauth/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTERWARDS, state="s" * 128
        )
        assert location(done).split("?")[0] == AFTERWARDS
        assert parse_qsl(urlsplit(location(done)).query) == [("state", "s" * 128)]
        assert is_over(signed_in)
        assert answer(browser.authorize(app, prompt="none"))["error"] == "login_required"

    def test_without_state(self, browser: Browser, tokens: dict[str, Any]) -> None:
        done = browser.get("/oauth/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTERWARDS)
        assert location(done) == AFTERWARDS

    def test_with_client_id_beside_it(self, app: Party, browser: Browser, tokens: dict[str, Any]) -> None:
        done = browser.get(
            "/oauth/logout",
            id_token_hint=tokens["id_token"],
            client_id=app.client_id,
            post_logout_redirect_uri=AFTERWARDS,
        )
        assert location(done) == AFTERWARDS

    def test_without_an_address_it_says_so_here(
        self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        assert says_signed_out(browser, browser.get("/oauth/logout", id_token_hint=tokens["id_token"]))
        assert is_over(signed_in)

    def test_by_post_from_another_site(self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession) -> None:
        """§2: GET and POST; the POST carries no cookies, the redirect that follows does."""
        posted = Http().generic(
            "POST", "/oauth/logout", f"id_token_hint={tokens['id_token']}&post_logout_redirect_uri={AFTERWARDS}",
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert posted.status_code == 303
        assert tokens["id_token"] not in location(posted)
        assert location(browser.get(location(posted))) == AFTERWARDS
        assert is_over(signed_in)

    def test_the_tokens_of_that_sign_in_die(
        self, app: Party, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        """Back-Channel Logout §2.7; who took part stays known."""
        assert app.introspect(tokens["access_token"])["active"]
        browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
        assert app.introspect(tokens["access_token"]) == {"active": False}
        assert app.introspect(tokens["refresh_token"]) == {"active": False}
        assert Participation.objects.filter(session=signed_in).exists()

    def test_offline_access_survives_where_the_client_was_told_so(
        self, make_client: Callable[..., Party], browser: Browser, allowed: Callable[..., None], person: User
    ) -> None:
        """Back-Channel Logout §2.7: refresh tokens with offline_access normally SHOULD NOT be revoked."""
        app = make_client(offline_access_survives_logout=True)
        allowed("openid offline_access", party=app)
        kept = exchange(app, answer(browser.authorize(app, scope="openid offline_access"))["code"])
        lost = exchange(app, answer(browser.authorize(app, scope="openid"))["code"])
        browser.get("/oauth/logout", id_token_hint=lost["id_token"])
        assert app.introspect(kept["refresh_token"])["active"]
        assert app.introspect(lost["access_token"]) == {"active": False}

    def test_an_expired_hint_does_as_well(
        self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        """§2: the OP SHOULD accept ID Tokens whose exp has passed."""
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            assert says_signed_out(browser, browser.get("/oauth/logout", id_token_hint=tokens["id_token"]))
            assert is_over(signed_in)


class TestWithoutOne:
    """§2: the OP asks; logout CSRF (CVE-2020-10734)."""

    def test_no_parameter_at_all_asks_and_then_says_signed_out(
        self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        shown = browser.get("/oauth/logout")
        assert asks(shown)
        assert not is_over(signed_in)
        assert says_signed_out(browser, confirm(browser, shown))
        assert is_over(signed_in)

    def test_nobody_signed_in_says_signed_out(self, browser: Browser, keys: None) -> None:
        assert says_signed_out(browser, browser.get("/oauth/logout"))

    def test_only_state(self, browser: Browser, tokens: dict[str, Any]) -> None:
        shown = browser.get("/oauth/logout", state="x")
        assert asks(shown)
        assert says_signed_out(browser, confirm(browser, shown))

    def test_an_address_without_a_client_is_never_followed(self, browser: Browser, tokens: dict[str, Any]) -> None:
        """§3."""
        shown = browser.get("/oauth/logout", post_logout_redirect_uri=AFTERWARDS)
        assert asks(shown)
        assert says_signed_out(browser, confirm(browser, shown))

    def test_client_id_alone_asks_and_then_returns(
        self, app: Party, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        """§2 client_id."""
        shown = browser.get("/oauth/logout", client_id=app.client_id, post_logout_redirect_uri=AFTERWARDS, state="x")
        assert asks(shown)
        assert "https://app.example" in shown.headers["Content-Security-Policy"]
        assert location(confirm(browser, shown)) == f"{AFTERWARDS}?state=x"
        assert is_over(signed_in)

    def test_the_confirmation_cannot_be_forged(self, person: User, app: Party, keys: None) -> None:
        strict = Browser(Http(enforce_csrf_checks=True))
        session = strict.sign_in(person)
        shown = strict.get("/oauth/logout")
        assert strict.post("/oauth/logout/confirm", request=hidden(shown, "request")).status_code == 403
        assert not is_over(session)
        csrf = hidden(shown, "csrfmiddlewaretoken")
        strict.post("/oauth/logout/confirm", request=hidden(shown, "request"), csrfmiddlewaretoken=csrf)
        assert is_over(session)

    def test_a_forged_seal_is_worth_nothing(self, browser: Browser, signed_in: LoginSession, keys: None) -> None:
        for sealed in ("", "x", "e30:abc:def", "\x00", "é" * 50):
            shown = browser.get("/oauth/logout", request=sealed)
            assert asks(shown)


class TestAHintThatIsNotOfThisSignIn:
    """§2: otherwise the OP asks; CVE-2026-16206: it ends nothing by itself."""

    def test_an_anonymous_browser_with_an_old_hint_kills_nothing(
        self, app: Party, browser: Browser, other_browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        with time_machine.travel(timezone.now() + timedelta(seconds=400), tick=True):
            done = other_browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
            assert says_signed_out(other_browser, done)
            assert not is_over(signed_in)
            assert app.introspect(tokens["access_token"])["active"]
        assert TokenFamily.objects.filter(revoked_at=None).exists()

    def test_of_another_person_asks(self, browser: Browser, tokens: dict[str, Any], other_person: User) -> None:
        session = browser.sign_in(other_person)
        shown = browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
        assert asks(shown)
        assert other_person.username in page(shown)
        assert not is_over(session)

    def test_of_an_earlier_sign_in_of_the_same_person_asks(
        self, browser: Browser, tokens: dict[str, Any], person: User
    ) -> None:
        browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
        session = browser.sign_in(person)
        assert asks(browser.get("/oauth/logout", id_token_hint=tokens["id_token"]))
        assert not is_over(session)


class TestErrors:
    """§4: nothing is redirected, nothing ends."""

    def refused(self, browser: Browser, signed_in: LoginSession, **parameters: str) -> None:
        shown = browser.get("/oauth/logout", **parameters)
        assert shown.status_code == 400
        assert not location(shown)
        assert not is_over(signed_in)

    def test_an_address_that_is_not_registered(
        self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        for uri in (
            AFTERWARDS + "?foo=bar",
            AFTERWARDS + "/",
            AFTERWARDS.upper(),
            "https://evil.example/",
            "javascript:1",
        ):
            self.refused(browser, signed_in, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)

    @pytest.mark.parametrize("change", ["none", "signature", "garbage", "access_token", "refresh_token"])
    def test_a_hint_that_is_not_ours(
        self, browser: Browser, tokens: dict[str, Any], signed_in: LoginSession, change: str
    ) -> None:
        head, body, signature = tokens["id_token"].split(".")
        hint = {
            "none": f"eyJhbGciOiJub25lIn0.{body}.",
            "signature": f"{head}.{body}.{signature[:-4]}AAAA",
            "garbage": "nonsense",
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
        }[change]
        self.refused(browser, signed_in, id_token_hint=hint, post_logout_redirect_uri=AFTERWARDS)

    def test_a_hint_for_another_client_than_the_one_named(
        self, browser: Browser, make_client: Callable[..., Party], tokens: dict[str, Any], signed_in: LoginSession
    ) -> None:
        """§2 client_id: the OP MUST verify that they match."""
        other = make_client(client_name="Other")
        self.refused(browser, signed_in, id_token_hint=tokens["id_token"], client_id=other.client_id)

    def test_an_unknown_client(self, browser: Browser, signed_in: LoginSession, keys: None) -> None:
        self.refused(browser, signed_in, client_id="nobody")

    def test_doubled_parameters(self, browser: Browser, signed_in: LoginSession, keys: None) -> None:
        assert browser.http.get("/oauth/logout?state=1&state=2").status_code == 400

    def test_a_body_that_is_no_form(self, browser: Browser, signed_in: LoginSession) -> None:
        assert browser.http.post("/oauth/logout", b"{}", content_type="application/json").status_code == 415


def test_signing_out_costs_the_same_with_many_tokens(
    app: Party, browser: Browser, tokens: dict[str, Any], person: User, django_assert_max_num_queries: Any
) -> None:
    """Scorecard R-10: constant, not sixteen statements a token pair."""
    for _ in range(10):
        exchange(app, answer(browser.authorize(app, scope="openid offline_access"))["code"])
    with django_assert_max_num_queries(25):
        browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
    assert not TokenFamily.objects.filter(revoked_at=None).exists()


def test_the_pages_speak_the_language_that_the_client_asks_for(
    app: Party, tokens: dict[str, Any], browser: Browser
) -> None:
    """§2: ui_locales, in order of preference; it goes before the browser's language, also on the last page."""
    shown = browser.get("/oauth/logout", ui_locales="tlh uk")
    assert '<html lang="uk"' in page(shown)
    assert asks(shown)
    last = confirm(browser, shown)
    assert '<html lang="uk"' in page(browser.get(location(last)))
