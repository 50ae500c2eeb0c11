"""The implicit flow (OpenID Connect Core §3.2), for profiles and clients that are registered for it; off by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from identity.models import User
from oauth_server.clients import registry
from oauth_server.clients.metadata import response_types_for, validate
from oauth_server.clients.profiles import PROFILES
from oauth_server.clients.subjects import sid_of
from oauth_server.models import Client, Participation, RefreshToken, TokenFamily
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI
from tests.support.front import id_token
from tests.support.front_channel import Browser, answer, location, page
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db

BOTH = "id_token token"
KINDS = ["id_token", BOTH, "token id_token"]
NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
def spa(make_client: Callable[..., Party]) -> Party:
    """A public client of the implicit flow."""
    return make_client(
        profile="openid", token_endpoint_auth_method="none", grant_types=["implicit"], response_types=["id_token", BOTH],
        redirect_uris=[REDIRECT],
    )  # fmt: skip


def ask(browser: Browser, party: Party, person: User, **asked: Any) -> dict[str, str]:
    response = browser.walk(browser.authorize(party, **NO_PKCE | asked), person)
    return answer(response, "form_post" if asked.get("response_mode") == "form_post" else "fragment")


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_travels_in_the_fragment(spa: Party, browser: Browser, person: User, kind: str) -> None:
    """§3.2.2.5: the members, state and iss; never a code, never a refresh token; nothing in the query."""
    members = ask(browser, spa, person, response_type=kind, scope="openid offline_access")
    expected = {"id_token", "state", "iss", "session_state"}
    if "token" in kind.split(" "):
        expected |= {"access_token", "token_type", "expires_in", "scope"}
        assert members["token_type"] == "Bearer"
        assert int(members["expires_in"]) > 0
        assert members["scope"] == "openid"
    assert set(members) == expected
    assert members["state"] == "st-4f2"
    assert not RefreshToken.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_authlib_accepts_the_id_token(spa: Party, browser: Browser, person: User, kind: str) -> None:
    """§3.2.2.10, §3.2.2.11: nonce, at_hash beside an access token, no c_hash."""
    members = ask(browser, spa, person, response_type=kind)
    checked = {"access_token": members["access_token"]} if "access_token" in members else {}
    claims = id_token(members["id_token"], spa, nonce="n-0S6_WzA2Mj", **checked)
    assert claims["sub"] == str(person.pk)
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["sid"] == sid_of(spa.registered, browser.http.session["sid"])
    assert ("at_hash" in claims) is bool(checked)
    assert "c_hash" not in claims


def test_without_an_access_token_the_id_token_says_what_the_scopes_say(
    spa: Party, browser: Browser, person: User
) -> None:
    """§5.4: response_type id_token; with an access token the claims are at userinfo."""
    scope = "openid profile email"
    alone = id_token(
        ask(browser, spa, person, response_type="id_token", scope=scope)["id_token"], spa, nonce="n-0S6_WzA2Mj"
    )
    assert (alone["name"], alone["email"], alone["email_verified"]) == ("Olena Shevchenko", person.email, False)
    members = ask(browser, spa, person, response_type=BOTH, scope=scope)
    beside = id_token(members["id_token"], spa, nonce="n-0S6_WzA2Mj", access_token=members["access_token"])
    assert not {"name", "email"} & beside.keys()
    header = {"Authorization": f"Bearer {members['access_token']}"}
    assert spa.http.get("/oauth/userinfo", headers=header).json()["email"] == person.email


def test_a_claim_asked_of_the_id_token_is_there(spa: Party, browser: Browser, person: User) -> None:
    """§5.5."""
    asked = '{"id_token": {"name": {"essential": true}}}'
    for kind in ("id_token", BOTH):
        members = ask(browser, spa, person, response_type=kind, claims=asked)
        assert id_token(members["id_token"], spa, nonce="n-0S6_WzA2Mj")["name"] == "Olena Shevchenko"


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
def test_the_access_token_dies_with_the_sign_in(
    make_client: Callable[..., Party], browser: Browser, person: User, token_format: str
) -> None:
    """The tokens of the front channel have a family like any others: live, revocable, bound to the sign-in."""
    spa = make_client(
        profile="openid", grant_types=["implicit"], response_types=[BOTH], redirect_uris=[REDIRECT],
        access_token_format=token_format,
    )  # fmt: skip
    token = ask(browser, spa, person, response_type=BOTH)["access_token"]
    assert spa.introspect(token)["active"] is True
    assert Participation.objects.filter(application__client_id=spa.client_id).count() == 1
    browser.http.logout()
    assert spa.introspect(token) == {"active": False}


def test_an_id_token_alone_leaves_no_row(spa: Party, browser: Browser, person: User) -> None:
    ask(browser, spa, person, response_type="id_token")
    assert not TokenFamily.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
class TestErrors:
    """§3.2.2.6: in the fragment, unless another mode was asked for."""

    def test_without_a_nonce(self, spa: Party, browser: Browser, kind: str) -> None:
        """§3.2.2.1: nonce is REQUIRED."""
        members = answer(browser.authorize(spa, response_type=kind, nonce=None), "fragment")
        assert (members["error"], members["state"]) == ("invalid_request", "st-4f2")

    def test_without_openid(self, spa: Party, browser: Browser, kind: str) -> None:
        """§3.1.2.1: without the scope openid it is no OpenID request, so there is no ID token."""
        members = answer(browser.authorize(spa, response_type=kind, scope="profile"), "fragment")
        assert members["error"] == "invalid_scope"

    def test_query_is_refused(self, spa: Party, browser: Browser, kind: str) -> None:
        """OAuth 2.0 Multiple Response Types §3, §5: never in the query."""
        refused = browser.authorize(spa, response_type=kind, response_mode="query")
        assert answer(refused, "fragment")["error"] == "invalid_request"

    def test_nobody_is_signed_in(self, spa: Party, browser: Browser, kind: str) -> None:
        members = answer(browser.authorize(spa, response_type=kind, prompt="none"), "fragment")
        assert set(members) == {"error", "error_description", "state", "iss", "session_state"}
        assert members["error"] == "login_required"

    def test_by_form_post(self, spa: Party, browser: Browser, kind: str) -> None:
        """OAuth 2.0 Form Post Response Mode §2: errors too."""
        refused = browser.authorize(spa, response_type=kind, response_mode="form_post", prompt="none")
        assert answer(refused, "form_post")["error"] == "login_required"

    def test_of_a_client_of_the_code_flow(self, app: Party, browser: Browser, kind: str) -> None:
        """RFC 6749 §4.2.2.1 unauthorized_client; the default profile has no implicit flow at all."""
        assert answer(browser.authorize(app, response_type=kind), "fragment")["error"] == "unauthorized_client"

    def test_of_a_registration_from_before_the_profile_was_tightened(
        self, make_client: Callable[..., Party], browser: Browser, kind: str
    ) -> None:
        party = make_client(profile="openid", grant_types=["implicit"], response_types=["id_token", BOTH],
                            redirect_uris=[REDIRECT])  # fmt: skip
        Client.objects.update(profile="oauth21")
        registry.forget()
        assert answer(browser.authorize(party, response_type=kind), "fragment")["error"] == "unauthorized_client"


@pytest.mark.parametrize("kind", KINDS)
def test_form_post_carries_it_too(spa: Party, browser: Browser, person: User, kind: str) -> None:
    """OAuth 2.0 Form Post Response Mode §2."""
    response = browser.walk(browser.authorize(spa, response_type=kind, response_mode="form_post", **NO_PKCE), person)
    members = answer(response, "form_post")
    assert id_token(members["id_token"], spa, nonce="n-0S6_WzA2Mj")["sub"] == str(person.pk)
    assert not location(response)
    assert f'action="{REDIRECT}"' in page(response)


def test_a_token_alone_is_never_given(make_client: Callable[..., Party], browser: Browser) -> None:
    """RFC 9700 §2.1.2."""
    with pytest.raises(InvalidClientMetadata):
        make_client(profile="openid", grant_types=["implicit"], response_types=["token"], redirect_uris=[REDIRECT])


class TestRegistration:
    """OpenID Connect Registration §2, RFC 7591 §2.1."""

    def read(self, **members: Any) -> dict[str, Any]:
        return validate({"profile": "openid", "redirect_uris": [REDIRECT], **members}, by_operator=True)

    def test_the_grant_follows_from_the_response_types(self) -> None:
        assert self.read(response_types=["id_token"])["grant_types"] == ["implicit"]
        assert set(self.read(response_types=["id_token token code"])["grant_types"]) == {
            "authorization_code",
            "implicit",
        }
        assert self.read(response_types=["code"])["grant_types"] == ["authorization_code"]

    @pytest.mark.parametrize(
        ("grant_types", "response_types"),
        [
            (["authorization_code"], ["id_token"]), (["implicit"], ["code"]), (["implicit"], ["code id_token"]),
            (["authorization_code"], ["code id_token"]), (["authorization_code", "implicit"], ["code"]), (["implicit"], []),
        ],
    )  # fmt: skip
    def test_grants_and_response_types_must_agree(self, grant_types: list[str], response_types: list[str]) -> None:
        with pytest.raises(InvalidClientMetadata, match="response_types"):
            self.read(grant_types=grant_types, response_types=response_types)

    def test_the_default_profile_refuses_it(self) -> None:
        with pytest.raises(InvalidClientMetadata, match="oauth21"):
            self.read(profile="oauth21", grant_types=["implicit"], response_types=["id_token"])

    @pytest.mark.parametrize("uri", ["http://localhost/cb", "http://127.0.0.1:3000/cb", "https://localhost/cb"])
    def test_a_web_client_uses_https_elsewhere(self, uri: str) -> None:
        """Registration §2 application_type: https, and not localhost, for web clients of the implicit grant."""
        with pytest.raises(InvalidRedirectURI):
            self.read(grant_types=["implicit"], response_types=["id_token"], redirect_uris=[uri])

    def test_an_operator_who_chooses_grants_gets_the_response_types_that_fit(self) -> None:
        """RFC 7591 §2.1: the former ones while they do."""
        both = ["authorization_code", "implicit"]
        assert response_types_for(["authorization_code"], "openid", ["code id_token"]) == ["code"]
        assert response_types_for(both, "openid", ["code id_token"]) == ["code id_token"]
        assert response_types_for(both, "openid", ["code"]) == sorted(PROFILES["openid"].response_types)
        assert response_types_for(both, "oauth21", ["code id_token"]) == ["code"]
        assert response_types_for(["client_credentials"], "openid", ["code"]) == []
