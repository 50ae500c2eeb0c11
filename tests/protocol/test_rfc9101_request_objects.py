"""Request objects: RFC 9101, and OpenID Connect Core §6 for the profile of its name. joserfc signs for the client."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from identity.models import User
from oauth_server.authorize import request_object
from oauth_server.jose.algorithms import REQUEST_OBJECT
from oauth_server.outbound import fetch
from oauth_server.protocol.errors import InvalidRequest, InvalidRequestObject
from oauth_server.protocol.parameters import Parameters
from tests.support.front import asked_in, key, public, signed
from tests.support.front_channel import CHALLENGE, Browser, answer, claims_of, exchange, location, page
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db

ONE = key("ES256")
OTHER = "https://app.example/other"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
URI = "https://app.example/requests/1"


@pytest.fixture
def jar(make_client: Callable[..., Party]) -> Party:
    """A client of the default profile: RFC 9101."""
    return make_client(jwks=public(ONE), redirect_uris=[REDIRECT, OTHER], request_uris=[URI])


@pytest.fixture
def oidc(make_client: Callable[..., Party]) -> Party:
    """A client of the profile openid: OpenID Connect Core §6."""
    return make_client(profile="openid", jwks=public(ONE), redirect_uris=[REDIRECT, OTHER], request_uris=[f"{URI}#v1"])


def send(browser: Browser, party: Party, token: str, **beside: Any) -> Any:
    return browser.get("/oauth/authorize", client_id=party.client_id, request=token, **beside)


def outcome(browser: Browser, party: Party, token: str, **beside: Any) -> dict[str, str]:
    beside = {"redirect_uri": REDIRECT, "state": "outside", "response_type": "code"} | beside
    return answer(send(browser, party, token, prompt="none", **beside))


class TestByValue:
    """RFC 9101 §5.1, OpenID Connect Core §6.1."""

    def test_the_object_alone_is_a_request(self, jar: Party, browser: Browser, person: User) -> None:
        """RFC 9101 §5, §6.3: client_id outside, everything else inside, PKCE too."""
        members = answer(browser.walk(send(browser, jar, signed(asked_in(jar, **PKCE), ONE)), person))
        assert members["state"] == "inside"
        token = exchange(jar, members["code"])
        assert claims_of(token)["nonce"] == "n-inside"

    def test_by_post(self, jar: Party, browser: Browser, person: User) -> None:
        """OpenID Connect Core §3.1.2.1."""
        token = signed(asked_in(jar, **PKCE), ONE)
        posted = browser.http.post(
            "/oauth/authorize", f"client_id={jar.client_id}&request={token}",
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert "code" in answer(browser.walk(browser.get(location(posted)), person))

    @pytest.mark.parametrize("alg", sorted(REQUEST_OBJECT))
    def test_every_algorithm_that_discovery_names(
        self, make_client: Callable[..., Party], browser: Browser, alg: str
    ) -> None:
        """RFC 9101 §6.2, §10.5; request_object_signing_alg_values_supported."""
        private = key(alg)
        party = make_client(jwks=public(private), request_object_signing_alg=alg)
        good = outcome(browser, party, signed(asked_in(party, prompt="none", **PKCE), private, alg))
        assert good["error"] == "login_required"
        assert good["state"] == "inside"
        if alg != "ES256":
            second = make_client(jwks=public(private), request_object_signing_alg="ES256")
            bad = outcome(browser, second, signed(asked_in(second, **PKCE), private, alg))
            assert bad["error"] == "invalid_request_object"

    def test_json_values_are_parameters_too(self, oidc: Party, browser: Browser, person: User) -> None:
        """OpenID Connect Core §6.1: claims is a JSON object, max_age a number."""
        inside = asked_in(oidc, max_age=0, claims={"id_token": {"name": {"essential": True}}}, display=None)
        browser.sign_in(person)
        step = send(browser, oidc, signed(inside, ONE), response_type="code")
        assert location(step).startswith("/account/login/"), "max_age was read"
        members = answer(browser.walk(step, person))
        form = {"grant_type": "authorization_code", "code": members["code"], "redirect_uri": REDIRECT}
        assert claims_of(oidc.post("/oauth/token", **form).json())["name"] == "Olena Shevchenko"

    def test_a_client_may_be_bound_to_them(self, make_client: Callable[..., Party], browser: Browser) -> None:
        """RFC 9101 §10.5 require_signed_request_object."""
        party = make_client(jwks=public(ONE), require_signed_request_object=True)
        assert answer(browser.authorize(party, prompt="none"))["error"] == "invalid_request"
        assert outcome(browser, party, signed(asked_in(party, prompt="none", **PKCE), ONE))["error"] == "login_required"


class TestWhatCounts:
    """Outer against inner parameters: RFC 9101 §6.3, OpenID Connect Core §6.1."""

    def test_rfc_9101_ignores_what_stands_beside(self, jar: Party, browser: Browser, person: User) -> None:
        inside = signed(asked_in(jar, state=None, nonce=None, **PKCE), ONE)
        beside = {"state": "outside", "nonce": "n-outside", "scope": "openid email", "redirect_uri": OTHER,
                  "response_type": "id_token", "login_hint": "mallory", "code_challenge": "A" * 43}  # fmt: skip
        members = answer(browser.walk(send(browser, jar, inside, **beside), person))
        assert "state" not in members
        token = exchange(jar, members["code"])
        assert "nonce" not in claims_of(token)
        assert token["scope"] == "openid"

    def test_rfc_9101_does_not_fill_in(self, jar: Party, browser: Browser) -> None:
        """§6.3: what the object leaves out is missing, although it stands beside."""
        inside = signed(asked_in(jar, code_challenge=None), ONE)
        assert outcome(browser, jar, inside, **PKCE)["error"] == "invalid_request"

    def test_openid_fills_in_and_the_object_goes_first(self, oidc: Party, browser: Browser, person: User) -> None:
        inside = signed(asked_in(oidc, nonce=None, scope="openid email"), ONE)
        beside = {"state": "outside", "nonce": "n-outside", "scope": "openid", "redirect_uri": OTHER,
                  "response_type": "code", **PKCE}  # fmt: skip
        done = browser.walk(send(browser, oidc, inside, **beside), person)
        assert location(done).startswith(f"{REDIRECT}?")
        members = answer(done)
        assert members["state"] == "inside"
        token = exchange(oidc, members["code"])
        assert claims_of(token)["nonce"] == "n-outside"
        assert set(token["scope"].split()) == {"openid", "email"}

    def test_openid_uses_the_redirect_uri_inside_whatever_stands_outside(
        self, oidc: Party, browser: Browser, person: User
    ) -> None:
        """Conformance: ensure-request-object-with-redirect-uri."""
        beside = {"response_type": "code", "redirect_uri": "https://evil.example/cb"}
        done = browser.walk(send(browser, oidc, signed(asked_in(oidc), ONE), **beside), person)
        assert location(done).startswith(f"{REDIRECT}?code=")

    def test_an_unregistered_redirect_uri_inside_is_never_redirected_to(
        self, jar: Party, oidc: Party, browser: Browser
    ) -> None:
        for party in (jar, oidc):
            inside = signed(asked_in(party, redirect_uri="https://evil.example/cb", **PKCE), ONE)
            shown = send(browser, party, inside, redirect_uri=REDIRECT, response_type="code")
            assert shown.status_code == 400
            assert not location(shown)

    @pytest.mark.parametrize("inner", ["id_token", "code id_token"])
    def test_openid_wants_the_same_response_type(self, oidc: Party, browser: Browser, inner: str) -> None:
        """§6.1: the values MUST match those in the Request Object, if present."""
        refused = outcome(browser, oidc, signed(asked_in(oidc, response_type=inner), ONE))
        assert refused["error"] == "invalid_request_object"

    def test_the_client_must_be_the_same(self, jar: Party, oidc: Party, browser: Browser) -> None:
        """RFC 9101 §5: the client_id values MUST be identical."""
        for party, other in ((jar, oidc), (oidc, jar)):
            refused = outcome(browser, party, signed(asked_in(party, client_id=other.client_id), ONE))
            assert refused["error"] == "invalid_request_object"
        assert outcome(browser, jar, signed(asked_in(jar, client_id=None), ONE))["error"] == "invalid_request_object"

    def test_an_object_beside_a_request_uri_is_refused(self, jar: Party, browser: Browser) -> None:
        """RFC 9101 §5: request and request_uri MUST NOT be used together."""
        refused = outcome(browser, jar, signed(asked_in(jar, **PKCE), ONE), request_uri=URI)
        assert refused["error"] == "invalid_request"


BAD = {
    "expired": {"exp": int(time.time()) - 3600},
    "not yet valid": {"nbf": int(time.time()) + 3600},
    "from the future": {"iat": int(time.time()) + 3600},
    "of another issuer": {"iss": "https://other.example"},
    "for another server": {"aud": "https://other.example"},
    "for other servers": {"aud": ["https://other.example", "https://third.example"]},
    "with an object inside": {"request": "a.b.c"},
    "with a reference inside": {"request_uri": "https://app.example/requests/1"},
    "with a list": {"state": ["a"]},
    "with a truth": {"prompt": True},
    "with a fraction": {"max_age": 1.5},
    "with a list in it": {"resource": [["https://api.example"]]},
    "with a long state": {"state": "s" * 9_000},
    "with a long jti": {"jti": "j" * 600},
}


@pytest.mark.parametrize("name", BAD)
def test_an_object_that_is_not_right_is_refused(jar: Party, browser: Browser, name: str) -> None:
    """RFC 9101 §6.2, §6.3, §4; OpenID Connect Core §6.1. The error goes where the parameters beside it say."""
    members = outcome(browser, jar, signed(asked_in(jar, **PKCE | BAD[name]), ONE))
    assert members["error"] == "invalid_request_object"
    assert members["state"] == "outside"
    assert members["iss"] == settings.ISSUER


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["https://other.example", settings.ISSUER]}, {"exp": None, "nbf": None, "iat": None, "jti": None},
        {"aud": None, "iss": None}, {"nbf": int(time.time()) + 8}, {"unknown": "x"},
    ],
)  # fmt: skip
def test_what_may_be_there_or_not(jar: Party, browser: Browser, changed: dict[str, Any]) -> None:
    """RFC 9101 §4: iss and aud SHOULD; several audiences; a clock a little ahead; unknown parameters are ignored."""
    inside = asked_in(jar, prompt="none", **PKCE | changed)
    assert outcome(browser, jar, signed(inside, ONE))["error"] == "login_required"


def test_an_object_that_names_itself_is_used_once(jar: Party, browser: Browser) -> None:
    """RFC 7519 §4.1.7 jti."""
    token = signed(asked_in(jar, prompt="none", **PKCE), ONE)
    assert outcome(browser, jar, token)["error"] == "login_required"
    assert outcome(browser, jar, token)["error"] == "invalid_request_object"


def test_without_a_redirect_uri_beside_it_a_bad_object_is_shown_here(jar: Party, browser: Browser) -> None:
    """RFC 9101 §6.2: nobody trustworthy said where the answer goes."""
    token = signed(asked_in(jar, exp=1, **PKCE), ONE)
    shown = send(browser, jar, token)
    assert shown.status_code == 400
    assert "request object is invalid" in page(shown)


def test_what_is_off_says_so(jar: Party, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenID Connect Core §3.1.2.6: request_not_supported, request_uri_not_supported."""
    monkeypatch.setattr(request_object, "SOURCES", {})
    assert outcome(browser, jar, signed(asked_in(jar), ONE))["error"] == "request_not_supported"
    refused = browser.get("/oauth/authorize", client_id=jar.client_id, redirect_uri=REDIRECT, request_uri=URI)
    assert answer(refused)["error"] == "request_uri_not_supported"


@dataclass
class Away:
    """What stands at the client's address."""

    body: bytes = b""
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, **_: Any) -> fetch.Fetched:
        self.asked.append(url)
        if not self.body:
            raise fetch.FetchError("away")
        return fetch.Fetched(self.body, "application/oauth-authz-req+jwt")


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    away = Away()
    monkeypatch.setattr(fetch, "get", away.get)
    return away


def hash_of(body: bytes) -> str:
    """The fragment that names its own content (§6.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


class TestByReference:
    """RFC 9101 §5.2, OpenID Connect Core §6.2."""

    def ask(self, browser: Browser, party: Party, uri: str = URI, **beside: Any) -> dict[str, str]:
        beside = {"redirect_uri": REDIRECT, "response_type": "code", "state": "outside", "prompt": "none"} | beside
        return answer(browser.get("/oauth/authorize", client_id=party.client_id, request_uri=uri, **beside))

    def test_what_stands_there_is_the_request(
        self, jar: Party, oidc: Party, browser: Browser, person: User, away: Away
    ) -> None:
        for party in (jar, oidc):
            away.body = signed(asked_in(party, **PKCE), ONE).encode()
            uri = f"{URI}#{hash_of(away.body)}"
            step = browser.get("/oauth/authorize", client_id=party.client_id, request_uri=uri)
            members = answer(browser.walk(step, person))
            assert members["state"] == "inside"
            assert exchange(party, members["code"])["id_token"]

    def test_it_is_fetched_once_for_a_crowd_and_again_after_a_moment(
        self, jar: Party, browser: Browser, away: Away
    ) -> None:
        """A visit costs the other side at most one request in a while."""
        away.body = signed(asked_in(jar, prompt="none", jti=None, **PKCE), ONE).encode()
        for _ in range(5):
            assert self.ask(browser, jar)["error"] == "login_required"
        assert len(away.asked) == 1
        with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=True):
            self.ask(browser, jar)
        assert len(away.asked) == 2

    def test_content_that_its_address_proves_is_kept_longer(self, jar: Party, browser: Browser, away: Away) -> None:
        """§6.2: the fragment is the base64url of the SHA-256 of the content."""
        away.body = signed(asked_in(jar, prompt="none", jti=None, exp=None, **PKCE), ONE).encode()
        proof = hash_of(away.body)
        for seconds in (0, 60, 600):
            with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True):
                assert self.ask(browser, jar, f"{URI}#{proof}")["error"] == "login_required"
        assert len(away.asked) == 1

    def test_another_fragment_is_another_version(self, oidc: Party, browser: Browser, away: Away) -> None:
        """§6.2: a changed hash says that what was kept under the old one is no longer valid."""
        away.body = signed(asked_in(oidc, prompt="none", jti=None), ONE).encode()
        one, two = (f"{URI}#{letter * 43}" for letter in "ab")
        self.ask(browser, oidc, one)
        self.ask(browser, oidc, two)
        assert away.asked == [one, two]

    @pytest.mark.parametrize(
        "uri",
        ["https://app.example/requests/2", "https://evil.example/requests/1", "https://app.example/requests/1?x",
         "HTTPS://app.example/requests/1", "http://169.254.169.254/", "file:///etc/passwd", "urn:x", "\\", "https://app.example/requests/1/"],
    )  # fmt: skip
    def test_an_address_that_is_not_registered_is_never_fetched(
        self, jar: Party, browser: Browser, away: Away, uri: str
    ) -> None:
        """OpenID Connect Discovery §3 require_request_uri_registration."""
        assert self.ask(browser, jar, uri)["error"] == "invalid_request_uri"
        assert away.asked == []

    def test_an_address_that_does_not_answer(self, jar: Party, browser: Browser, away: Away) -> None:
        """§3.1.2.6 invalid_request_uri; and not asked again at once."""
        assert self.ask(browser, jar)["error"] == "invalid_request_uri"
        assert self.ask(browser, jar)["error"] == "invalid_request_uri"
        assert len(away.asked) == 1

    @pytest.mark.parametrize("body", [b"hello", b"\xff\xfe", b"{}", b"<html>", b"a.b.c"])
    def test_what_is_no_object(self, jar: Party, browser: Browser, away: Away, body: bytes) -> None:
        away.body = body
        assert self.ask(browser, jar)["error"] in {"invalid_request_object", "invalid_request_uri"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "response_type", "redirect_uri", "scope", "state", "nonce",
     "prompt", "max_age", "claims", "resource", "request", "request_uri", "code_challenge", "display", "", "x"]
)  # fmt: skip


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changed=st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_signed_object_is_read_or_refused(jar: Party, changed: dict[str, Any]) -> None:
    """RFC 9101 §6: whatever the client signs, the answer is parameters or an error of ours, never anything else."""
    token = signed(asked_in(jar) | changed, ONE)
    given_to_us = Parameters({"client_id": jar.client_id, "request": token})
    try:
        read = request_object.unfold(given_to_us, jar.registered, timezone.now())
    except (InvalidRequestObject, InvalidRequest):
        return
    assert all(isinstance(value, str) and value for value in read.values())
