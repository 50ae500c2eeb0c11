"""The claims parameter (OpenID Connect Core §5.5): asked by name, told where it was asked for, agreed to by the person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from identity.claims import SUPPORTED_CLAIMS
from identity.models import LoginSession, User
from identity.sign_in import assurance
from identity.sign_in.assurance import Proof
from oauth_server.authorize.claim_texts import CLAIM_TEXTS
from oauth_server.models import AuthorizationCode
from oauth_server.protocol import claims_request
from oauth_server.protocol.errors import InvalidRequest
from tests.support.front_channel import Browser, answer, claims_of, exchange, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


def claims(**places: Any) -> str:
    return json.dumps(places)


ESSENTIAL_NAME = claims(userinfo={"name": {"essential": True}})


def tokens(party: Party, browser: Browser, person: User, **asked: Any) -> dict[str, Any]:
    """Walk through whatever is asked, and redeem the code with Authlib."""
    return exchange(party, answer(browser.walk(browser.authorize(party, **asked), person))["code"])


def userinfo(party: Party, access_token: str) -> dict[str, Any]:
    found: dict[str, Any] = party.http.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {access_token}"}
    ).json()
    return found


def test_a_claim_asked_of_userinfo_is_there_and_only_there(app: Party, browser: Browser, person: User) -> None:
    """§5.5: userinfo; §5.4: the ID token stays lean."""
    token = tokens(app, browser, person, claims=ESSENTIAL_NAME)
    assert userinfo(app, token["access_token"]) == {"sub": str(person.pk), "name": "Olena Shevchenko"}
    assert "name" not in claims_of(token)


def test_a_claim_asked_of_the_id_token_is_there_and_only_there(app: Party, browser: Browser, person: User) -> None:
    """§5.5: id_token."""
    token = tokens(app, browser, person, claims=claims(id_token={"email": None, "name": {"essential": True}}))
    said = claims_of(token)
    assert (said["email"], said["name"]) == (person.email, "Olena Shevchenko")
    assert set(userinfo(app, token["access_token"])) == {"sub"}


def test_what_was_asked_for_lasts_as_long_as_the_grant(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """§12: a refreshed token answers the same request."""
    app = make_client()
    asked = claims(userinfo={"nickname": None, "name": None}, id_token={"name": None})
    token = tokens(app, browser, person, scope="openid offline_access", prompt="consent", claims=asked)
    again = app.post("/oauth/token", grant_type="refresh_token", refresh_token=token["refresh_token"]).json()
    assert claims_of(again)["name"] == "Olena Shevchenko"
    assert userinfo(app, again["access_token"])["name"] == "Olena Shevchenko"


def test_what_is_not_understood_is_ignored(app: Party, browser: Browser, person: User) -> None:
    """§5.5: members and claims that are not understood MUST be ignored."""
    asked = {
        "userinfo": {"http://example.info/claims/groups": None, "name": {"essential": True, "purpose": "greeting"}},
        "id_token": {"shoe_size": {"essential": True, "value": 44}, "iss": {"value": "https://other.example"}},
        "_claim_sources": {"src1": {"endpoint": "https://other.example"}},
    }
    token = tokens(app, browser, person, claims=json.dumps(asked), claims_locales="uk en")
    assert set(userinfo(app, token["access_token"])) == {"sub", "name"}
    assert "shoe_size" not in claims_of(token)


def test_no_scope_of_the_client_covers_it_so_it_is_not_told(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """A claim is not a way round what a client may ask for."""
    app = make_client(scope="openid profile")
    asked = browser.authorize(app, claims=claims(userinfo={"email": {"essential": True}, "name": None}))
    browser.sign_in(person)
    shown = page(browser.get(location(browser.authorize(app, claims=claims(userinfo={"email": None})))))
    assert "See your email address" not in shown
    token = exchange(app, answer(browser.walk(asked, person))["code"])
    assert set(userinfo(app, token["access_token"])) == {"sub", "name"}


def test_a_claim_with_another_value_than_asked_for_is_left_out(app: Party, browser: Browser, person: User) -> None:
    """§5.5.1: value and values ask that the claim be returned with one of them."""
    asked = {"userinfo": {"name": {"value": "Somebody Else"}, "email": {"values": ["x@example.org", person.email]}}}
    token = tokens(app, browser, person, claims=json.dumps(asked))
    assert set(userinfo(app, token["access_token"])) == {"sub", "email"}


class TestConsent:
    """§5.5, §3.1.2.4: the person sees what is asked by name, and is asked again when it grows."""

    def test_it_is_shown(self, app: Party, browser: Browser, signed_in: LoginSession) -> None:
        asked = browser.authorize(app, claims=claims(userinfo={"birthdate": None}, id_token={"phone_number": None}))
        shown = page(browser.get(location(asked)))
        assert "See your date of birth" in shown
        assert "See your phone number" in shown
        assert "See your full name" not in shown

    def test_what_the_scope_says_already_is_not_said_twice(
        self, app: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        asked = browser.authorize(app, scope="openid profile", claims=ESSENTIAL_NAME)
        shown = page(browser.get(location(asked)))
        assert "See your profile" in shown
        assert "See your full name" not in shown

    def test_it_is_remembered_and_more_is_asked_for(
        self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]
    ) -> None:
        allowed()
        again = answer(browser.authorize(app, claims=ESSENTIAL_NAME, prompt="none"))
        assert again["error"] == "consent_required"
        allowed(claims=ESSENTIAL_NAME)
        assert "code" in answer(browser.authorize(app, claims=ESSENTIAL_NAME, prompt="none"))
        both = claims(userinfo={"name": None, "email": None})
        asked = browser.authorize(app, claims=both)
        new, _, old = page(browser.get(location(asked))).partition("You already allowed")
        assert ">New<" in new
        assert "See your email address" in new
        assert "See your full name" in old
        assert "code" in answer(browser.walk(asked, person))
        assert "code" in answer(browser.authorize(app, claims=ESSENTIAL_NAME, prompt="none")), "nothing is forgotten"

    def test_a_scope_that_was_allowed_covers_its_claims(
        self, app: Party, browser: Browser, allowed: Callable[..., None]
    ) -> None:
        allowed("openid profile")
        assert "code" in answer(browser.authorize(app, claims=ESSENTIAL_NAME, prompt="none"))

    def test_every_claim_has_a_sentence(self) -> None:
        assert set(SUPPORTED_CLAIMS) == set(CLAIM_TEXTS)


class TestAcr:
    """§5.5.1.1: essential is a condition, voluntary a wish."""

    def two(self, session: LoginSession) -> None:
        session.prove([*session.proved, Proof("totp", time.time(), ("otp",))])
        session.save()

    def test_an_essential_level_that_the_person_cannot_reach_fails(
        self, app: Party, browser: Browser, allowed: Callable[..., None]
    ) -> None:
        """Asking for the password again would bring nobody nearer to it."""
        allowed()
        asked = {"claims": claims(id_token={"acr": {"essential": True, "values": ["2"]}})}
        assert answer(browser.authorize(app, prompt="none", **asked))["error"] == "login_required"
        assert answer(browser.authorize(app, **asked))["error"] == "unmet_authentication_requirements"

    def test_an_essential_level_that_is_reached_is_told(
        self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]
    ) -> None:
        allowed()
        self.two(LoginSession.objects.get(pk=browser.http.session["sid"]))
        for values, told in ((["2"], "2"), (["1"], "1"), (["urn:x", "1"], "1")):
            asked = claims(id_token={"acr": {"essential": True, "values": values}})
            token = exchange(app, answer(browser.authorize(app, prompt="none", claims=asked))["code"])
            assert claims_of(token)["acr"] == told

    @pytest.mark.parametrize("wish", [{"acr_values": "2 9"}, {"claims": claims(id_token={"acr": {"values": ["2"]}})}])
    def test_a_voluntary_one_never_fails(
        self, app: Party, browser: Browser, allowed: Callable[..., None], wish: dict[str, str]
    ) -> None:
        """§3.1.2.1 acr_values."""
        allowed()
        assert claims_of(exchange(app, answer(browser.authorize(app, prompt="none", **wish))["code"]))["acr"] == "1"

    def test_the_registered_default_is_a_wish_too(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        """OpenID Connect Registration §2 default_acr_values."""
        app = make_client(default_acr_values=["1"])
        self.two(browser.sign_in(person))
        assert claims_of(tokens(app, browser, person))["acr"] == "1"

    def test_the_arithmetic(self) -> None:
        assert assurance.reported("2", ("1", "2")) == "2"
        assert assurance.reported("1", ("2",)) == "1"
        assert assurance.reported("2", ()) == "2"


class TestSub:
    """§5.5.1: if another subject is signed in, the server MUST NOT answer for it; §3.1.2.2."""

    def test_the_right_person(self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]) -> None:
        allowed()
        asked = claims(id_token={"sub": {"value": str(person.pk)}})
        assert "code" in answer(browser.authorize(app, prompt="none", claims=asked))

    @pytest.mark.parametrize("place", ["id_token", "userinfo"])
    def test_another_person(
        self, app: Party, browser: Browser, other_person: User, person: User, allowed: Callable[..., None], place: str
    ) -> None:
        allowed()
        asked = claims(**{place: {"sub": {"value": str(other_person.pk)}}})
        assert answer(browser.authorize(app, prompt="none", claims=asked))["error"] == "login_required"
        with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=True):
            assert answer(browser.walk(browser.authorize(app, claims=asked), person))["error"] == "login_required"
            right = browser.walk(browser.authorize(app, claims=asked), other_person)
        assert "code" in answer(right)


def test_auth_time_is_always_there(make_client: Callable[..., Party], browser: Browser, person: User) -> None:
    """§2, §5.5.1 auth_time essential; Registration §2 require_auth_time."""
    app = make_client(require_auth_time=True)
    asked = claims(id_token={"auth_time": {"essential": True}})
    assert claims_of(tokens(app, browser, person, claims=asked))["auth_time"]
    assert claims_of(tokens(app, browser, person))["auth_time"]


def test_the_registered_max_age_counts_unless_the_request_says_another(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """Registration §2 default_max_age: the max_age parameter overrides it."""
    app = make_client(default_max_age=60)
    tokens(app, browser, person)
    with time_machine.travel(timezone.now() + timedelta(seconds=120), tick=True):
        assert answer(browser.authorize(app, prompt="none"))["error"] == "login_required"
        assert "code" in answer(browser.authorize(app, prompt="none", max_age=3600))


BROKEN = [
    "name", "[]", "null", "7", '"userinfo"', '{"userinfo": []}', '{"userinfo": {"name": true}}', '{"userinfo": {"name": []}}',
    '{"id_token": {"acr": {"essential": "yes"}}}', '{"id_token": {"acr": {"values": "2"}}}',
    '{"id_token": {"acr": {"value": "1", "values": ["2"]}}}', '{"userinfo": {"name": null, "name": null}}',
    '{"userinfo": {}, "userinfo": {"name": null}}', '{"id_token": {"acr": {"values": ["' + "x" * 2000 + '"]}}}',
    json.dumps({"userinfo": {f"c{i}": None for i in range(101)}}), "{" + '"a":{' * 40 + "}" * 41, '{"a": NaN}', '{"a": "\\u0000"}',
    json.dumps({"id_token": {"acr": {"values": ["1"] * 51}}}),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_claims_request_is_refused(app: Party, browser: Browser, broken: str) -> None:
    """§5.5: a JSON object; duplicate members, deep nesting and the like have no one meaning."""
    assert answer(browser.authorize(app, claims=broken))["error"] == "invalid_request"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "acr", "sub", "essential", "value", "values", "x"]), inner, max_size=4
        )
    ),
)


@hypothesis_settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["userinfo", "id_token", "x"]), JSON))
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    """§5.5: never another exception; and what is read can be stored and asked."""
    try:
        read = claims_request.read(document, {"name", "acr", "sub"})
    except InvalidRequest:
        return
    assert json.loads(json.dumps(read)) == read
    for place in claims_request.PLACES:
        for name in claims_request.names(read, place):
            claims_request.values(read, place, name)
            assert claims_request.is_essential(read, place, name) in {True, False}


def test_a_code_exchange_reads_the_person_only_when_the_id_token_speaks_of_them(
    app: Party, browser: Browser, person: User
) -> None:
    """Scorecard R-10: one more statement where claims are asked for in the ID token, none for any other request."""
    tokens(app, browser, person)  # clients and keys are in the caches
    counted = []
    for asked in (None, ESSENTIAL_NAME, claims(id_token={"acr": None, "sub": None}), claims(id_token={"name": None})):
        code = answer(browser.walk(browser.authorize(app, claims=asked), person))["code"]
        with CaptureQueriesContext(connection) as seen:
            exchange(app, code)
        # The versions of clients and keys are looked at once a second, whatever is asked.
        counted.append(len([query for query in seen.captured_queries if "stateversion" not in query["sql"]]))
    assert counted[0] == counted[1] == counted[2] == counted[3] - 1
    assert AuthorizationCode.objects.count() == 5
