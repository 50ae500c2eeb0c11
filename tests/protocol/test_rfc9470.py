"""RFC 9470 step-up authentication: an API asks for a better sign-in, the person does what is missing, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any, ClassVar

import pytest
import time_machine
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity.models import LoginSession, User
from identity.sign_in.assurance import Proof
from oauth_server.models import Client
from oauth_server.resource_server.decorators import protected
from oauth_server.resource_server.rest_framework import GatehouseAuthentication, HasSignedIn, has_signed_in
from tests.support import access
from tests.support.factors import App, give_app
from tests.support.front_channel import Browser, answer, claims_of, exchange, location, page
from tests.support.parties import Party
from tests.support.people import PASSWORD
from tests.support.soft_key import ORIGIN, SoftKey

pytestmark = pytest.mark.django_db

assert create_s256_code_challenge  # Authlib is the client of every flow here

SECOND = "/account/2fa/authenticate/"


class TestTheChallenge:
    """§3: WWW-Authenticate says what would do."""

    @staticmethod
    def token(**said: Any) -> str:
        user = access.make_user()
        return access.token_set(access.make_client(), user=user, **said).access_token

    @staticmethod
    def call(view: Any, token: str) -> HttpResponse:
        request = RequestFactory().get("/", headers={"authorization": f"Bearer {token}"})
        response: HttpResponse = view(request)
        return response

    @staticmethod
    def views(**asked: Any) -> list[Any]:
        @protected([], **asked)
        def plain(request: HttpRequest) -> JsonResponse:
            return JsonResponse({"acr": request.token.claims["acr"]})  # type: ignore[attr-defined]

        class Rest(APIView):
            authentication_classes = (GatehouseAuthentication,)
            permission_classes = (has_signed_in(*asked.get("acr_values", ()), max_age=asked.get("max_age")),)

            def get(self, request: Request) -> Response:
                return Response({"acr": request.auth.claims["acr"]})

        return [plain, Rest.as_view()]

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_sign_in_that_is_too_weak(self, index: int) -> None:
        view = self.views(acr_values=["2", "phr"])[index]
        response = self.call(view, self.token(acr="1"))
        assert response.status_code == 401
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.startswith("Bearer realm=")
        assert 'error="insufficient_user_authentication"' in challenge
        assert 'acr_values="2 phr"' in challenge
        assert "max_age" not in challenge

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_sign_in_that_is_too_old(self, index: int) -> None:
        view = self.views(max_age=300)[index]
        token = self.token(acr="1")
        assert self.call(view, token).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(seconds=400)):
            response = self.call(view, token)
        assert response.status_code == 401
        assert 'max_age="300"' in response.headers["WWW-Authenticate"]
        assert "acr_values" not in response.headers["WWW-Authenticate"]

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_sign_in_that_will_do(self, index: int) -> None:
        view = self.views(acr_values=["2", "phr"], max_age=300)[index]
        response = self.call(view, self.token(acr="phr"))
        assert response.status_code == 200

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_token_that_says_nothing_of_a_sign_in(self, index: int) -> None:
        """§6: a client that asks for itself has no person behind it."""
        token = access.token_set(access.make_client(grant_types=["client_credentials"]), "read").access_token
        assert self.call(self.views(acr_values=["1"])[index], token).status_code == 401
        assert self.call(self.views(max_age=10)[index], token).status_code == 401

    def test_a_view_that_names_nothing_does_not_stand_open(self) -> None:
        class Silent(APIView):
            authentication_classes = (GatehouseAuthentication,)
            permission_classes = (HasSignedIn,)
            required_acr_values: ClassVar[Any] = ()

        with pytest.raises(ImproperlyConfigured):
            self.call(Silent.as_view(), self.token(acr="1"))


@pytest.fixture
def phone(person: User) -> App:
    """The person has an authenticator app."""
    User.objects.give_email(person, person.email, verified=True)
    return give_app(person)


@pytest.fixture
def by_password(browser: Browser, person: User) -> LoginSession:
    """The person signed in with the password a moment ago."""
    session = browser.sign_in(person)
    session.prove([Proof("password", time.time(), ("pwd",))])
    session.save()
    return session


def past(session: LoginSession, **seconds: float) -> None:
    """Make what was proved older."""
    session.refresh_from_db()
    session.prove([Proof(one.way, one.at - seconds.get(one.way, 0), one.amr) for one in session.proved])
    session.save()


def onward(browser: Browser, response: HttpResponse) -> HttpResponse:
    """Follow redirects within the server, until a page or the client."""
    while location(response).startswith("/"):
        response = browser.get(location(response))
    return response


def typed(browser: Browser, code: str, shown: HttpResponse) -> HttpResponse:
    """Fill in the page of the second step."""
    assert "One more step" in page(shown), page(shown)[:3000]
    return onward(browser, browser.post(SECOND, code=code))


@pytest.fixture
def agreed(browser: Browser, person: User, app: Party) -> None:
    """The person has allowed the client before."""
    browser.sign_in(person)
    assert "code" in answer(browser.walk(browser.authorize(app), person))
    browser.http.post("/account/logout/")


@pytest.mark.usefixtures("agreed")
class TestWhatIsMissing:
    """§5, OpenID Connect Core §3.1.2.1."""

    def test_a_fresh_password_needs_the_second_step_alone(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        step = browser.authorize(app, acr_values="2")
        assert location(step).startswith("/account/login/more/?")
        shown = onward(browser, step)
        assert 'id="id_password"' not in page(shown)
        assert "wants to be surer" in page(shown)
        token = exchange(app, answer(typed(browser, phone.code(), shown))["code"])
        claims = claims_of(token)
        assert (claims["acr"], claims["amr"]) == ("2", ["pwd", "otp", "mfa"])
        after = LoginSession.objects.get(ended_at=None)
        assert after.sid == by_password.sid
        assert claims["auth_time"] == int(by_password.auth_time.timestamp())

    def test_it_is_not_asked_for_again(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        typed(browser, phone.code(), onward(browser, browser.authorize(app, acr_values="2")))
        assert claims_of(exchange(app, answer(browser.authorize(app, acr_values="2"))["code"]))["acr"] == "2"

    def test_an_old_password_and_a_fresh_code_need_the_password_alone(
        self, app: Party, browser: Browser, person: User, phone: App, by_password: LoginSession
    ) -> None:
        typed(browser, phone.code(), onward(browser, browser.authorize(app, acr_values="2")))
        past(by_password, password=600)
        shown = onward(browser, browser.authorize(app, max_age=300, acr_values="2"))
        assert 'id="id_login"' in page(shown)
        action = shown.wsgi_request.get_full_path()
        done = onward(browser, browser.post(action, login=person.username, password=PASSWORD))
        claims = claims_of(exchange(app, answer(done)["code"]))
        assert (claims["acr"], claims["amr"]) == ("2", ["otp", "pwd", "mfa"])
        assert time.time() - claims["auth_time"] < 60

    def test_both_old_need_both(
        self, app: Party, browser: Browser, person: User, phone: App, by_password: LoginSession
    ) -> None:
        typed(browser, phone.code(), onward(browser, browser.authorize(app, acr_values="2")))
        past(by_password, password=600, totp=500)
        shown = onward(browser, browser.authorize(app, max_age=300, acr_values="2"))
        shown = onward(
            browser, browser.post(shown.wsgi_request.get_full_path(), login=person.username, password=PASSWORD)
        )
        claims = claims_of(exchange(app, answer(typed(browser, phone.code(), shown))["code"]))
        assert claims["acr"] == "2"
        assert time.time() - claims["auth_time"] < 60

    def test_age_alone_claims_no_more_than_is_fresh(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        """An old second step makes no fresh sign-in strong."""
        typed(browser, phone.code(), onward(browser, browser.authorize(app, acr_values="2")))
        past(by_password, totp=600)
        claims = claims_of(exchange(app, answer(browser.authorize(app, max_age=300))["code"]))
        assert (claims["acr"], claims["amr"]) == ("1", ["pwd"])

    def test_an_essential_level_is_asked_for_in_the_same_way(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        """OpenID Connect Core §5.5.1.1."""
        asked = '{"id_token": {"acr": {"essential": true, "values": ["2"]}}}'
        assert answer(browser.authorize(app, claims=asked, prompt="none"))["error"] == "login_required"
        shown = onward(browser, browser.authorize(app, claims=asked))
        assert claims_of(exchange(app, answer(typed(browser, phone.code(), shown))["code"]))["acr"] == "2"

    def test_a_wish_that_the_person_cannot_fulfil_is_told_the_truth(
        self, app: Party, browser: Browser, by_password: LoginSession
    ) -> None:
        """OpenID Connect Core §5.5.1: a voluntary claim never fails."""
        assert claims_of(exchange(app, answer(browser.authorize(app, acr_values="2"))["code"]))["acr"] == "1"

    def test_a_silent_request_is_told_the_truth(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        done = answer(browser.authorize(app, acr_values="2", prompt="none"))
        assert claims_of(exchange(app, done["code"]))["acr"] == "1"

    def test_a_key_is_wanted_and_no_code_will_do(
        self, app: Party, browser: Browser, person: User, phone: App, by_password: LoginSession, settings: Any
    ) -> None:
        """OpenID Extended Authentication Profile ACR Values §2 (phr)."""
        settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN
        key = SoftKey()
        browser.post("/account/2fa/reauthenticate/", code=phone.code())
        add = "/account/2fa/webauthn/add/"
        made = key.create(browser.http.get(add, headers={"accept": "application/json"}).json())
        browser.http.post(add, {"credential": json.dumps(made), "name": "Key"})
        past(by_password, passkey=10**6)
        session = LoginSession.objects.get(ended_at=None)
        session.prove([one for one in session.proved if one.way == "password"])
        session.save()
        shown = onward(browser, browser.authorize(app, acr_values="phr"))
        assert 'id="id_passkey"' in page(shown)
        assert 'id="id_code"' not in page(shown)
        asked = browser.http.get(SECOND, headers={"accept": "application/json"}).json()
        done = onward(browser, browser.post(SECOND, credential=json.dumps(key.get(asked))))
        assert claims_of(exchange(app, answer(done)["code"]))["acr"] == "phr"


@pytest.mark.usefixtures("agreed")
class TestGivingUp:
    """CVE-2023-6787, OpenID Connect Core Unmet Authentication Requirements §2."""

    def test_who_gives_up_stays_signed_in_as_before(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        before = LoginSession.objects.values().get(ended_at=None)
        asked = '{"id_token": {"acr": {"essential": true, "values": ["2"]}}}'
        onward(browser, browser.authorize(app, claims=asked))
        done = onward(browser, browser.post("/account/login/cancel/"))
        assert answer(done)["error"] == "unmet_authentication_requirements"
        assert LoginSession.objects.values().get(ended_at=None) == before

    def test_a_wish_may_be_declined_and_is_not_repeated_after_the_consent(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession, person: User
    ) -> None:
        shown = onward(browser, browser.authorize(app, acr_values="2", prompt="consent"))
        assert "Not now" in page(shown)
        response = browser.post("/account/login/cancel/")
        done = browser.walk(browser.get(location(response)), person)
        assert claims_of(exchange(app, answer(done)["code"]))["acr"] == "1"

    def test_a_wrong_code_changes_nothing(
        self, app: Party, browser: Browser, phone: App, by_password: LoginSession
    ) -> None:
        before = LoginSession.objects.values().get(ended_at=None)
        onward(browser, browser.authorize(app, acr_values="2"))
        assert browser.post(SECOND, code="000000").status_code == 200
        assert LoginSession.objects.values().get(ended_at=None) == before


class TestTheOperatorsMinimum:
    """An operator says how strong a sign-in must be for a client, whatever the client asks."""

    @pytest.fixture
    def bank(self, make_client: Callable[..., Party]) -> Party:
        return make_client(minimum_acr="2", skip_authorization=True)

    def test_is_asked_for(self, bank: Party, browser: Browser, phone: App, by_password: LoginSession) -> None:
        shown = onward(browser, browser.authorize(bank))
        assert claims_of(exchange(bank, answer(typed(browser, phone.code(), shown))["code"]))["acr"] == "2"

    def test_who_has_no_second_step_is_led_to_one(
        self, bank: Party, browser: Browser, by_password: LoginSession
    ) -> None:
        shown = onward(browser, browser.authorize(bank))
        assert "You have no second step yet" in page(shown)
        assert "/account/2fa/totp/activate/?next=" in page(shown)
        declined = page(shown).partition('id="id_decline" href="')[2].partition('"')[0]
        done = onward(browser, browser.get(declined))
        assert answer(done)["error"] == "unmet_authentication_requirements"

    def test_what_is_set_up_on_the_way_counts_as_proved(
        self, bank: Party, browser: Browser, person: User, by_password: LoginSession
    ) -> None:
        """Nobody types a code to set the app up, and another one a moment later."""
        User.objects.give_email(person, person.email, verified=True)
        shown = onward(browser, browser.authorize(bank))
        address = unescape(page(shown).partition('id="id_add_app" href="')[2].partition('"')[0])
        shown = onward(browser, browser.get(address))
        browser.post(shown.wsgi_request.get_full_path(), password=PASSWORD)
        shown = browser.get(address)
        secret = page(shown).partition('class="secret">')[2].partition("<")[0]
        shown = onward(browser, browser.post(address, code=App(secret).code()))
        assert "Recovery codes" in page(shown)
        back = unescape(page(shown).partition('class="button" href="')[2].partition('"')[0])
        done = onward(browser, browser.get(back))
        assert claims_of(exchange(bank, answer(done)["code"]))["acr"] == "2"

    def test_is_silently_refused(self, bank: Party, browser: Browser, by_password: LoginSession) -> None:
        assert answer(browser.authorize(bank, prompt="none"))["error"] == "login_required"

    def test_no_client_sets_it_for_itself(self, make_client: Callable[..., Party]) -> None:
        party = make_client(minimum_acr="")
        assert Client.objects.get(client_id=party.client_id).minimum_acr == ""


def test_where_the_page_leads_is_only_our_own_path(browser: Browser, by_password: LoginSession) -> None:
    """RFC 9700 §4.11.2."""
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert location(browser.get("/account/login/more/", next=target)) == "/account/"


def test_nobody_steps_up_without_being_signed_in(browser: Browser) -> None:
    assert location(browser.get("/account/login/more/", next="/account/")).startswith("/account/login/?next=")


def test_proving_again_for_a_change_counts_for_applications_too(browser: Browser, by_password: LoginSession) -> None:
    """The password that was typed again a minute ago is a fresh password, whoever asked for it."""
    past(by_password, password=600)
    key = browser.http.session.session_key
    browser.post("/account/reauthenticate/", password=PASSWORD)
    after = LoginSession.objects.get(ended_at=None)
    assert after.sid == by_password.sid
    assert time.time() - after.auth_time.timestamp() < 60
    assert browser.http.session.session_key != key, "ASVS 7.2.4"
