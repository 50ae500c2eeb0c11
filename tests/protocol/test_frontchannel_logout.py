"""OpenID Connect Front-Channel Logout 1.0."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponse

from identity.models import LoginSession, User
from oauth_server.clients import registry
from oauth_server.models import Client, StateVersion
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.front_channel import Browser, answer, claims_of, exchange, hidden, location, page
from tests.support.parties import Http, Party

pytestmark = pytest.mark.django_db

FRAME = "https://app.example/frontchannel?tenant=7"
AFTERWARDS = "https://app.example/signed-out"


@pytest.fixture
def app(make_client: Callable[..., Party]) -> Party:
    return make_client(
        frontchannel_logout_uri=FRAME,
        frontchannel_logout_session_required=True,
        post_logout_redirect_uris=[AFTERWARDS],
    )


@pytest.fixture
def tokens(app: Party, browser: Browser, allowed: Callable[..., None]) -> dict[str, Any]:
    allowed("openid")
    return exchange(app, answer(browser.authorize(app))["code"])


def frames(response: HttpResponse) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe src="([^"]+)"', page(response))]


def policy(response: HttpResponse) -> dict[str, list[str]]:
    directives = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def last_page(browser: Browser, response: HttpResponse) -> HttpResponse:
    assert response.status_code in {302, 303}
    assert not urlsplit(location(response)).netloc
    shown = browser.get(location(response))
    assert shown.status_code == 200
    return shown


class TestThePage:
    """§3: the OP renders an iframe for each RP that took part."""

    def test_it_has_a_frame_with_iss_and_sid_and_then_goes_on(
        self, app: Party, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        shown = last_page(
            browser,
            browser.get(
                "/oauth/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTERWARDS, state="s&1"
            ),
        )
        [frame] = frames(shown)
        assert frame.startswith(FRAME + "&")
        assert parse_qsl(urlsplit(frame).query) == [
            ("tenant", "7"), ("iss", settings.ISSUER), ("sid", claims_of(tokens)["sid"]),
        ]  # fmt: skip
        onward = f"{AFTERWARDS}?state=s%261"
        assert f'id="id_continue" href="{onward}"' in page(shown)
        assert "signed out" in page(shown)
        assert answer(browser.authorize(app, prompt="none"))["error"] == "login_required"

    def test_it_lets_in_those_origins_and_no_others(self, browser: Browser, tokens: dict[str, Any]) -> None:
        shown = last_page(browser, browser.get("/oauth/logout", id_token_hint=tokens["id_token"]))
        assert policy(shown)["frame-src"] == ["https://app.example"]
        assert policy(shown)["default-src"] == ["'none'"]
        assert "frame-src" not in policy(browser.get("/account/login/"))
        assert 'sandbox="allow-forms allow-same-origin allow-scripts"' in page(shown), (
            "a frame must not lead the page away"
        )

    def test_without_an_address_it_is_the_last_one(self, browser: Browser, tokens: dict[str, Any]) -> None:
        shown = last_page(browser, browser.get("/oauth/logout", id_token_hint=tokens["id_token"]))
        assert len(frames(shown)) == 1
        assert "id_continue" not in page(shown)
        assert "signed_out.js" not in page(shown)
        assert "You are signed out" in page(shown)

    def test_after_the_person_was_asked(self, browser: Browser, tokens: dict[str, Any]) -> None:
        asked = browser.get("/oauth/logout")
        shown = last_page(browser, browser.post("/oauth/logout/confirm", request=hidden(asked, "request")))
        assert len(frames(shown)) == 1

    def test_after_signing_out_of_the_account(self, browser: Browser, tokens: dict[str, Any]) -> None:
        assert len(frames(last_page(browser, browser.post("/account/logout/")))) == 1

    def test_after_ending_this_very_sign_in_in_the_list(self, browser: Browser, tokens: dict[str, Any]) -> None:
        done = browser.post(f"/account/sessions/{browser.http.session['sid']}/end/")
        assert len(frames(last_page(browser, done))) == 1

    def test_each_client_of_this_sign_in_has_one(
        self,
        app: Party,
        make_client: Callable[..., Party],
        browser: Browser,
        other_browser: Browser,
        person: User,
        tokens: dict[str, Any],
    ) -> None:
        other = make_client(redirect_uris=["https://app.example/callback", "https://two.example/cb"],
                            frontchannel_logout_uri="https://two.example/out")  # fmt: skip
        elsewhere = make_client(frontchannel_logout_uri="https://app.example/elsewhere")
        for one in (other, app, make_client(), other):
            browser.walk(browser.authorize(one), person)
        other_browser.walk(other_browser.authorize(elsewhere), person)
        shown = last_page(browser, browser.post("/account/logout/"))
        assert [frame.split("?")[0] for frame in frames(shown)] == [
            FRAME.split("?", maxsplit=1)[0],
            "https://two.example/out",
        ]
        assert policy(shown)["frame-src"] == ["https://app.example", "https://two.example"]

    def test_nobody_to_tell_goes_straight_on(
        self, make_client: Callable[..., Party], browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        plain = make_client(post_logout_redirect_uris=[AFTERWARDS])
        done = browser.walk(browser.authorize(plain), person)
        hint = exchange(plain, answer(done)["code"])["id_token"]
        gone = browser.get("/oauth/logout", id_token_hint=hint, post_logout_redirect_uri=AFTERWARDS)
        assert location(gone) == AFTERWARDS
        browser.sign_in(person)
        assert location(browser.post("/account/logout/")) == "/account/login/"

    def test_a_client_that_was_disabled_meanwhile_is_left_out(
        self, app: Party, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        done = browser.get("/oauth/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTERWARDS)
        Client.objects.filter(client_id=app.client_id).update(is_active=False)
        StateVersion.objects.bump("clients")
        registry.forget()
        assert location(browser.get(location(done))) == AFTERWARDS

    @pytest.mark.parametrize("sealed", ["", "x", "e30:abc:def", "\x00"])
    def test_a_forged_address_shows_no_frame_and_leads_nowhere(
        self, browser: Browser, tokens: dict[str, Any], sealed: str
    ) -> None:
        browser.get("/oauth/logout", id_token_hint=tokens["id_token"])
        shown = browser.get("/oauth/logout/done", request=sealed)
        assert shown.status_code == 200
        assert frames(shown) == []
        assert "id_continue" not in page(shown)

    def test_the_seal_of_a_request_is_none_of_a_farewell(self, browser: Browser, tokens: dict[str, Any]) -> None:
        """What a client asked for has not happened yet."""
        form = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTERWARDS})
        posted = browser.http.post("/oauth/logout", form, content_type="application/x-www-form-urlencoded")
        sealed = dict(parse_qsl(urlsplit(location(posted)).query))["request"]
        assert not location(browser.get("/oauth/logout/done", request=sealed))


class TestRegistration:
    """§2."""

    @pytest.mark.parametrize(
        "uri",
        ["https://elsewhere.example/out", "https://app.example:8443/out", "http://app.example/out", "https://app.example/out#x",
         "https://app.example/out?sid=1", "https://app.example/out?iss=", "javascript:1", "app.example/out", 7],
    )  # fmt: skip
    def test_a_wrong_address_is_refused_by_its_name(self, make_client: Callable[..., Party], uri: Any) -> None:
        """Scheme, host and port MUST be those of a redirect URI; what we add must not stand twice."""
        with pytest.raises(InvalidClientMetadata, match="frontchannel_logout_uri"):
            make_client(frontchannel_logout_uri=uri)

    def test_what_is_registered_is_told_again(self, app: Party) -> None:
        assert app.answer["frontchannel_logout_uri"] == FRAME
        assert app.answer["frontchannel_logout_session_required"] is True

    def test_discovery_says_so(self, keys: None) -> None:
        """§3."""
        document = Http().get("/.well-known/openid-configuration").json()
        assert document["frontchannel_logout_supported"] is True
        assert document["frontchannel_logout_session_supported"] is True
