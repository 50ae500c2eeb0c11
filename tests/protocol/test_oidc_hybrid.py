"""The hybrid flow (OpenID Connect Core §3.3): a code, and tokens at once; off by default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from joserfc.jwk import RSAKey

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import AuthorizationCode, Client, TokenFamily
from tests.support.front import id_token, public
from tests.support.front_channel import Browser, answer, claims_of, exchange
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db

KINDS = ["code id_token", "code token", "code id_token token", "token id_token code"]
NONCE = "n-0S6_WzA2Mj"


@pytest.fixture
def hybrid(make_client: Callable[..., Party]) -> Party:
    return make_client(
        profile="openid", grant_types=["authorization_code", "implicit", "refresh_token"], response_types=KINDS,
        redirect_uris=[REDIRECT],
    )  # fmt: skip


def ask(browser: Browser, party: Party, person: User, **asked: Any) -> dict[str, str]:
    return answer(browser.walk(browser.authorize(party, **asked), person), "fragment")


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_has_what_was_asked_for(hybrid: Party, browser: Browser, person: User, kind: str) -> None:
    """§3.3.2.5: code, and the tokens that response_type names; c_hash and at_hash (§3.3.2.11); all in the fragment.

    OAuth 2.0 Multiple Response Types §5.
    """
    members = ask(browser, hybrid, person, response_type=kind)
    words = set(kind.split(" "))
    expected = {"code", "state", "iss", "session_state"} | ({"id_token"} & words)
    if "token" in words:
        expected |= {"access_token", "token_type", "expires_in", "scope"}
    assert set(members) == expected
    if "id_token" in words:
        checked = {"access_token": members["access_token"]} if "token" in words else {}
        claims = id_token(members["id_token"], hybrid, nonce=NONCE, code=members["code"], **checked)
        assert claims["c_hash"]
        assert ("at_hash" in claims) is ("token" in words)


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_gives_tokens_of_the_same_person_and_sign_in(
    hybrid: Party, browser: Browser, person: User, kind: str
) -> None:
    """§3.3.3.6: iss and sub are the same in both ID tokens, and so is what they say of the sign-in."""
    members = ask(browser, hybrid, person, response_type=kind, scope="openid email offline_access", prompt="consent")
    token = exchange(hybrid, members["code"])
    assert token["refresh_token"]
    second = claims_of(token)
    if "id_token" in members:
        first = id_token(members["id_token"], hybrid, nonce=NONCE, code=members["code"])
        for name in ("iss", "sub", "aud", "nonce", "auth_time", "acr", "sid"):
            assert first[name] == second[name], name
        assert "email" not in first, "an access token follows, so the claims are at userinfo (§5.4)"
    if "access_token" in members:
        header = {"Authorization": f"Bearer {members['access_token']}"}
        assert hybrid.http.get("/oauth/userinfo", headers=header).json()["email"] == person.email


def test_the_nonce_is_needed_only_where_an_id_token_comes_back(hybrid: Party, browser: Browser, person: User) -> None:
    """§3.3.2.11; with code token the ID token comes from the token endpoint."""
    for kind in ("code id_token", "code id_token token"):
        refused = answer(browser.authorize(hybrid, response_type=kind, nonce=None), "fragment")
        assert (refused["error"], refused["state"]) == ("invalid_request", "st-4f2")
    members = ask(browser, hybrid, person, response_type="code token", nonce=None)
    assert "nonce" not in claims_of(exchange(hybrid, members["code"]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_query_is_refused(hybrid: Party, browser: Browser, kind: str) -> None:
    """OAuth 2.0 Multiple Response Types §5."""
    refused = browser.authorize(hybrid, response_type=kind, response_mode="query")
    assert answer(refused, "fragment")["error"] == "invalid_request"


@pytest.mark.parametrize("kind", KINDS)
def test_form_post_carries_all_of_it(hybrid: Party, browser: Browser, person: User, kind: str) -> None:
    """OAuth 2.0 Form Post Response Mode §2."""
    done = browser.walk(browser.authorize(hybrid, response_type=kind, response_mode="form_post"), person)
    members = answer(done, "form_post")
    assert {"code", "state", "iss"} < members.keys()
    assert claims_of(exchange(hybrid, members["code"]))["sub"] == str(person.pk)


def test_a_replayed_code_ends_what_it_issued(hybrid: Party, browser: Browser, person: User) -> None:
    """RFC 6749 §4.1.2; the token of the front channel was not issued for the code, and lives out its short life."""
    members = ask(browser, hybrid, person, response_type="code token")
    token = exchange(hybrid, members["code"])["access_token"]
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=True):
        form = {"grant_type": "authorization_code", "code": members["code"], "redirect_uri": REDIRECT}
        assert hybrid.post("/oauth/token", **form).json()["error"] == "invalid_grant"
        assert hybrid.introspect(token) == {"active": False}
    assert TokenFamily.objects.count() == 2


def test_pkce_protects_the_code_here_as_well(make_client: Callable[..., Party], browser: Browser) -> None:
    """RFC 9700 §2.1.1: a public client needs it wherever a code is given."""
    party = make_client(
        profile="openid", token_endpoint_auth_method="none", grant_types=["authorization_code", "implicit"],
        response_types=["code id_token"], redirect_uris=[REDIRECT],
    )  # fmt: skip
    refused = browser.authorize(party, response_type="code id_token", code_challenge=None, code_challenge_method=None)
    assert answer(refused, "fragment")["error"] == "invalid_request"


def test_the_client_hears_that_its_id_token_cannot_be_encrypted(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """§3.3.2.6: an error travels to the client, also when the person was away to sign in; nothing was issued."""
    party = make_client(
        profile="openid", grant_types=["authorization_code", "implicit"], response_types=["code id_token"],
        jwks=public(RSAKey.generate_key(2048, {"kid": "theirs"})), id_token_encrypted_response_alg="RSA-OAEP-256",
    )  # fmt: skip
    row = Client.objects.get(client_id=party.client_id)
    del row.metadata["jwks"]
    row.save()
    registry.forget()
    members = ask(browser, party, person, response_type="code id_token")
    assert (members["error"], members["state"]) == ("invalid_request", "st-4f2")
    assert "no usable key of this client for RSA-OAEP-256" in members["error_description"]
    assert not AuthorizationCode.objects.exists()
