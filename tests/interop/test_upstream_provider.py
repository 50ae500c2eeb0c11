"""Signing in with node-oidc-provider, unmodified and in a process of its own: somebody else's reading of the standards that the
provider of ``tests/support/upstream.py`` states in ours. What a hostile provider may try stands in ``tests/attacks``.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.conftest import ELSEWHERE, HERE
from tests.support.live import EMAIL, USERNAME, Live
from tests.support.person import Person
from tests.support.programs import npm_packages, program
from tests.support.services import free_port

BENCH: Final = Path(__file__).resolve().parents[2] / "bench" / "peers" / "node"
BACK: Final = "http://127.0.0.1:25900/callback"
GOLD: Final = "urn:there:gold"
At = Callable[[str], Person]
BUTTONS: Final = ("id_with_node", "id_link_node", "id_allow", "id_logout")


def there(name: str, email: str, *, verified: bool = True) -> dict[str, Any]:
    return {
        "email": email,
        "email_verified": verified,
        "name": name.title(),
        "preferred_username": name,
        "locale": "en",
    }


PEOPLE: Final = {
    "nora": there("nora", "nora@there.example") | {"locale": "de"},
    "olga": there("olga", "olga@there.example"),
    # Whoever they are there, none of them is Alice of here.
    "mallory": there("mallory", EMAIL, verified=False),
    "trudy": there("trudy", EMAIL),
    USERNAME: there(USERNAME, "alice@elsewhere.example"),
}


@dataclass
class Elsewhere:
    """The provider, and an application of ours that people come from."""

    issuer: str
    live: Live
    app: dict[str, Any]
    party: OAuth2Session = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = self.live.metadata()

    def asked(self) -> dict[str, str]:
        """The last authorization request that came there."""
        last: dict[str, str] = httpx2.get(f"{self.issuer}/asked").json()[-1]
        return last

    def sign_in(self, person: Person, **wishes: Any) -> dict[str, Any]:
        """From our application to the provider and back; the token response, with the claims of its ID token."""
        self.party = OAuth2Session(
            self.app["client_id"], self.app["client_secret"], redirect_uri=BACK, code_challenge_method="S256",
            scope="openid profile email offline_access",
        )  # fmt: skip
        verifier = "v" * 43
        address, _ = self.party.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, **wishes
        )
        back = person.go(address, BACK, press=BUTTONS)
        tokens: dict[str, Any] = dict(
            self.party.fetch_token(self.metadata["token_endpoint"], authorization_response=back, code_verifier=verifier)
        )
        keys = KeySet.import_key_set(httpx2.get(self.metadata["jwks_uri"]).json())
        tokens["claims"] = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        return tokens

    def userinfo(self, tokens: dict[str, Any]) -> httpx2.Response:
        return httpx2.get(
            self.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )

    def refresh(self, tokens: dict[str, Any]) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answer: dict[str, Any] = httpx2.post(
            self.metadata["token_endpoint"], data=form, auth=(self.app["client_id"], self.app["client_secret"])
        ).json()
        return answer


@pytest.fixture(scope="module")
def elsewhere(live: Live, node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """One of each for all of these tests."""
    npm_packages(BENCH)
    port = free_port()
    issuer = f"http://{ELSEWHERE}:{port}"
    members = {
        "slug": "node",
        "name": "Node",
        "issuer": issuer,
        "client_id": "gatehouse",
        "client_secret": "a secret that both keep: 1+1",
        "sign_up": "automatic",
        "email_domains": ["there.example"],
        "home_domains": ["there.example"],
        "acr_values": {GOLD: "2"},
        "trust_amr": True,
    }
    told = json.loads(live.manage("create_upstream", given=json.dumps(members)))
    client = {
        "client_id": members["client_id"],
        "client_secret": members["client_secret"],
        "redirect_uris": [told["redirect_uri"]],
        "post_logout_redirect_uris": [told["post_logout_redirect_uri"]],
        "backchannel_logout_uri": told["backchannel_logout_uri"],
        "backchannel_logout_session_required": True,
    }
    given = json.dumps({"host": ELSEWHERE, "port": port, "client": client, "people": PEOPLE, "levels": [GOLD]})
    log = tmp_path_factory.mktemp("node") / "upstream.log"
    app = live.client(redirect_uris=[BACK], grant_types=["authorization_code", "refresh_token"])
    with program([node, "upstream.mjs", given], port, log, folder=HERE, host=ELSEWHERE):
        yield Elsewhere(issuer, live, app)


@pytest.fixture
def at() -> Iterator[At]:
    """Somebody with a browser of their own."""
    people: list[Person] = []

    def somebody(name: str) -> Person:
        people.append(Person(name))
        return people[-1]

    yield somebody
    for each in people:
        each.browser.close()


def linked(person: Person, live: Live) -> list[str]:
    """Where the page of linked accounts would take each one away."""
    page = person.browser.get(f"{live.issuer}/account/connections/").text
    return re.findall(r'action="(/account/connections/\d+/unlink/)"', page)


def test_somebody_new_comes_by_it_and_the_application_s_wishes_travel_on(elsewhere: Elsewhere, at: At) -> None:
    """Core §3.1.2.1, §3.1.3.7, §5.4; RFC 7636 §4.3: discovery, PKCE, nonce, prompt, max_age, acr_values; who came and how."""
    begun = int(time.time())
    tokens = elsewhere.sign_in(at("nora"), prompt="login", max_age=60, acr_values="2", ui_locales="de en")
    asked = elsewhere.asked()
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 43
    assert (asked["prompt"], asked["max_age"], asked["acr_values"], asked["ui_locales"]) == (
        "login",
        "0",
        GOLD,
        "de en",
    )
    claims = tokens["claims"]
    assert claims["acr"] == "2"
    assert sorted(claims["amr"]) == ["mfa", "otp", "pwd"]
    assert claims["auth_time"] >= begun - 1
    told = elsewhere.userinfo(tokens).json()
    assert (told["name"], told["preferred_username"], told["locale"]) == ("Nora", "nora", "de")
    assert (told["email"], told["email_verified"]) == ("nora@there.example", True)


def test_who_signs_out_here_is_signed_out_there(elsewhere: Elsewhere, at: At) -> None:
    """RP-Initiated Logout 1.0 §2: the provider takes our hint and our address, and the browser comes back."""
    nora = at("nora")
    elsewhere.sign_in(nora)
    left = nora.go(f"{elsewhere.live.issuer}/account/logout/", f"{elsewhere.live.issuer}/account/login/")
    assert left == f"{elsewhere.live.issuer}/account/login/"
    assert nora.pressed[-2:] == ["id_logout", "id_logout"], "here, then there"
    elsewhere.sign_in(nora)
    assert nora.pressed[-2:] == ["id_with_node", "id_submit"], "its sign-in page again"


def test_who_signs_out_there_is_signed_out_here_at_once_and_nobody_else_is(elsewhere: Elsewhere, at: At) -> None:
    """Back-Channel Logout 1.0 §2.4 to §2.7: by sid; the sign-in and its tokens are dead when the provider's page says so."""
    leaving, staying = at("olga"), at("olga")
    hers, other = elsewhere.sign_in(leaving), elsewhere.sign_in(staying)
    assert leaving.go(f"{elsewhere.issuer}/session/end").startswith(f"{elsewhere.issuer}/session/end/success")
    account = f"{elsewhere.live.issuer}/account/"
    assert elsewhere.userinfo(hers).status_code == 401
    assert elsewhere.refresh(hers)["error"] == "invalid_grant"
    assert leaving.browser.get(account).status_code == 302
    assert elsewhere.userinfo(other).status_code == 200
    assert "access_token" in elsewhere.refresh(other)
    assert staying.browser.get(account).status_code == 200


@pytest.mark.parametrize("name", ["mallory", "trudy"])
def test_somebody_else_s_address_opens_nobody_s_account(elsewhere: Elsewhere, at: At, name: str) -> None:
    """Core §5.7: not when it is unverified there, and not when this provider may not vouch for it."""
    somebody = at(name)
    reached = somebody.go(f"{elsewhere.live.issuer}/account/login/", press=BUTTONS)
    assert reached == f"{elsewhere.live.issuer}/account/login/newcomer/"
    assert somebody.browser.get(f"{elsewhere.live.issuer}/account/").status_code == 302
    alice = at(USERNAME)
    alice.go(f"{elsewhere.live.issuer}/account/login/")
    assert linked(alice, elsewhere.live) == []


def test_link_sign_in_unlink_and_the_last_way_in_stays(elsewhere: Elsewhere, at: At) -> None:
    """By the account page, both times; who has nothing else keeps it."""
    live, alice = elsewhere.live, at(USERNAME)
    alice.go(f"{live.issuer}/account/login/")
    callback = f"{live.issuer}/account/login/with/node/callback/"
    alice.go(alice.go(f"{live.issuer}/account/connections/", callback, press=("id_link_node",)))
    [unlink] = linked(alice, live)
    again = at(USERNAME)
    assert elsewhere.userinfo(elsewhere.sign_in(again)).json()["email"] == EMAIL, "hers here, not the one there"

    def take_away(person: Person, address: str) -> str:
        token = {"csrfmiddlewaretoken": person.browser.cookies["gatehouse_csrf"]}
        person.browser.post(f"{live.issuer}{address}", data=token, headers={"Referer": live.issuer})
        return person.browser.get(f"{live.issuer}/account/connections/").text

    assert "The account is unlinked." in take_away(alice, unlink)
    olga = at("olga")
    elsewhere.sign_in(olga, prompt="login")
    [only] = linked(olga, live)
    assert "This is the only way into your account." in take_away(olga, only)
    assert linked(olga, live) == [only]


def test_an_address_leads_there_by_its_domain(elsewhere: Elsewhere, at: At) -> None:
    """Home-realm discovery: the address travels on as login_hint."""
    olga = at("olga")
    page = f"{elsewhere.live.issuer}/account/login/organisation/"
    olga.browser.get(page)
    form = {"email": "olga@there.example", "csrfmiddlewaretoken": olga.browser.cookies["gatehouse_csrf"]}
    led = olga.browser.post(page, data=form, headers={"Referer": page}).text
    assert f"{elsewhere.issuer}/auth?" in led
    assert urlencode({"login_hint": "olga@there.example"}) in led


def test_a_code_of_somebody_else_is_refused_by_the_provider_itself(elsewhere: Elsewhere, at: At) -> None:
    """RFC 9700 §4.5: injected into a question of the thief's own, it fails at PKCE; §4.7: brought with its own state, at ours."""
    live = elsewhere.live
    callback = f"{live.issuer}/account/login/with/node/callback/"
    nora, thief = at("nora"), at("olga")
    stolen = nora.go(f"{live.issuer}/account/login/", callback, press=BUTTONS)
    own = thief.go(f"{live.issuer}/account/login/", callback, press=BUTTONS)
    assert thief.browser.get(stolen).status_code == 400
    answers = [{name: values[0] for name, values in parse_qs(urlsplit(one).query).items()} for one in (stolen, own)]
    mixed = {**answers[1], "code": answers[0]["code"]}
    refused = thief.browser.get(f"{callback}?{urlencode(mixed)}")
    assert refused.status_code == 400
    assert thief.browser.get(f"{live.issuer}/account/").status_code == 302
