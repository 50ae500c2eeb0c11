"""OpenID Connect Core 1.0 §3.1.2, §11, §14 and §15: rules that hold for every authorization request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from identity.models import User
from tests.support.front_channel import Browser, answer, claims_of, exchange, location, page
from tests.support.parties import REDIRECT, Http, Party

pytestmark = pytest.mark.django_db

COMPOSED, DECOMPOSED = "Zo\u00eb", "Zoe\u0308"


@pytest.fixture
def front(make_client: Callable[..., Party]) -> Party:
    """A client that may use every response type."""
    return make_client(
        profile="openid",
        grant_types=["authorization_code", "implicit", "refresh_token"],
        response_types=["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"],
    )


@pytest.mark.parametrize("prompt", ["", "none"])
def test_a_browser_is_sent_on_by_303(app: Party, browser: Browser, person: User, prompt: str) -> None:
    """§16.22, RFC 9700 §4.12: never 307, with which a form full of credentials would travel on."""
    response = browser.authorize(app, prompt=prompt or None)
    seen = [response.status_code]
    if not prompt:
        response = browser.walk(response, person)
        seen.append(response.status_code)
    assert location(response).startswith(REDIRECT)
    assert set(seen) == {303}


@pytest.mark.parametrize(
    "broken", [{"response_type": "foo"}, {"scope": "openid x\x01"}, {"max_age": "soon"}, {"prompt": "none login"}]
)
def test_an_error_says_no_more_than_it_must(app: Party, browser: Browser, broken: dict[str, str]) -> None:
    """§3.1.2.6: error and state; error_description is OAuth's (RFC 6749 §4.1.2.1), iss that of RFC 9207 §2."""
    members = answer(browser.authorize(app, **broken), "query")
    assert set(members) == {"error", "error_description", "state", "iss"}
    assert members["state"] == "st-4f2"


@pytest.mark.parametrize("error", [{"max_age": "soon"}, {"prompt": "none"}])
def test_without_a_state_none_comes_back(app: Party, browser: Browser, error: dict[str, str]) -> None:
    """§3.1.2.6 state: only if the request had one."""
    assert "state" not in answer(browser.authorize(app, state=None, **error))


@pytest.mark.parametrize("gap", ["\t", "\n", "\u00a0", "\u2003", ",", "+"])
def test_words_are_parted_by_a_space_and_nothing_else(app: Party, browser: Browser, gap: str) -> None:
    """§14: a single ASCII space MUST be the delimiter; with another, it is one odd word."""
    assert answer(browser.authorize(app, scope=f"openid{gap}email", prompt="none"))["error"] == "invalid_scope"
    assert answer(browser.authorize(app, prompt=f"login{gap}consent"))["error"] == "invalid_request"


@pytest.mark.parametrize(("asked", "is_told"), [(COMPOSED, True), (DECOMPOSED, False)])
def test_text_is_compared_code_point_by_code_point(
    app: Party, browser: Browser, person: User, asked: str, *, is_told: bool
) -> None:
    """§14: no Unicode normalisation; what only looks alike is another value (§5.5.1)."""
    User.objects.filter(pk=person.pk).update(given_name=COMPOSED)
    wanted = json.dumps({"id_token": {"given_name": {"value": asked}}})
    code = answer(browser.walk(browser.authorize(app, scope="openid profile", claims=wanted), person))["code"]
    assert ("given_name" in claims_of(exchange(app, code))) is is_told


@pytest.mark.parametrize("state", [COMPOSED, DECOMPOSED, "a b+c%20&d=e#f?", "\u202e", "'\"<script>", "\U0001d4ae", " "])
def test_a_state_comes_back_unchanged(app: Party, browser: Browser, state: str) -> None:
    """§3.1.2.6 state, §14; RFC 6749 §4.1.2.1: the exact value."""
    assert answer(browser.authorize(app, state=state, prompt="none"))["state"] == state


@pytest.mark.parametrize("response_type", ["id_token", "id_token token"])
def test_offline_access_is_ignored_where_no_code_comes_back(
    front: Party, browser: Browser, person: User, response_type: str
) -> None:
    """§11: MUST ignore it unless the response type results in a code."""
    shown = browser.authorize(front, response_type=response_type, scope="openid offline_access", prompt="consent")
    members = answer(browser.walk(shown, person), "fragment")
    assert "offline_access" not in members.get("scope", "").split()
    assert "refresh_token" not in members


@pytest.mark.parametrize("response_type", ["code", "code id_token", "code token"])
def test_offline_access_is_honoured_wherever_a_code_does(
    front: Party, browser: Browser, person: User, response_type: str
) -> None:
    """§11: the code gives a refresh token, the front channel never does."""
    shown = browser.authorize(front, response_type=response_type, scope="openid offline_access", prompt="consent")
    members = answer(browser.walk(shown, person), "query" if response_type == "code" else "fragment")
    assert "refresh_token" not in members
    assert exchange(front, members["code"])["refresh_token"]


def test_claims_for_userinfo_mean_nothing_without_an_access_token(front: Party, browser: Browser, person: User) -> None:
    """§5.5: there is no token to ask userinfo with, and that is no error (§5.5.1)."""
    wanted = json.dumps({"userinfo": {"email": {"essential": True}}})
    asked = {"response_type": "id_token", "scope": "openid", "claims": wanted}
    members = answer(browser.walk(browser.authorize(front, **asked), person), "fragment")
    assert "email" not in claims_of({"id_token": members["id_token"]})


@pytest.mark.parametrize(
    "parameter",
    [{"display": word} for word in ("page", "popup", "touch", "wap", "tv")]
    + [
        {"ui_locales": "tlh fr-CA"},
        {"claims_locales": "xx de-CH"},
        {"acr_values": "urn:of:nobody 0"},
        {"unknown": "x"},
    ],
    ids=str,
)
def test_what_every_provider_must_at_least_bear(
    app: Party, browser: Browser, person: User, parameter: dict[str, str]
) -> None:
    """§15.1: display, ui_locales, claims_locales and acr_values never result in an error; nor do unknown ones (§3.1.2.2)."""
    shown = browser.authorize(app, **parameter)
    sign_in = browser.get(location(shown))
    assert sign_in.status_code == 200
    assert "id_password" in page(sign_in)
    assert answer(browser.walk(shown, person))["code"]


def test_what_a_dynamic_provider_must_offer(keys: None, settings: Any) -> None:
    """§15.1: RS256; §15.2: code, id_token and id_token token, discovery, registration, userinfo, bare keys, request_uri."""
    settings.REGISTRATION = "open"
    document = Http().get("/.well-known/openid-configuration").json()
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"code", "id_token", "id_token token"} <= set(document["response_types_supported"])
    assert document["request_uri_parameter_supported"] is True
    assert {"registration_endpoint", "userinfo_endpoint"} <= document.keys()
    assert {key["kty"] for key in Http().get("/oauth/jwks").json()["keys"]} >= {"RSA", "EC"}
