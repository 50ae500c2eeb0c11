"""The front channel as a browser and a client see it: Django's test client for the one, Authlib for the other."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.conf import settings
from django.http import HttpResponse
from django.test import Client as Http

from identity.models import LoginSession, User
from identity.sessions.roaming import Roaming, network_of
from oauth_server.models import Interaction
from tests.support.parties import REDIRECT, Party

VERIFIER = generate_token(48)
CHALLENGE = create_s256_code_challenge(VERIFIER)


def location(response: HttpResponse) -> str:
    """Where a redirect leads; empty when it is none."""
    return response.headers.get("Location", "")


def answer(response: HttpResponse, mode: str = "query") -> dict[str, str]:
    """The members of an answer to the client; each stands once."""
    if mode == "form_post":
        members = [
            (unescape(a), unescape(b))
            for a, b in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page(response))
        ]
    else:
        assert response.status_code == 303, (response.status_code, page(response)[:2000])
        parts = urlsplit(location(response))
        members = parse_qsl(parts.fragment if mode == "fragment" else parts.query, keep_blank_values=True)
    assert len(members) == len(dict(members))
    return dict(members)


def page(response: HttpResponse) -> str:
    """The text of a page."""
    return response.content.decode()


def hidden(response: HttpResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page(response))
    assert found, page(response)[:3000]
    return unescape(found[1])


@dataclass
class Browser:
    """One browser: cookies, and the clicks of a person."""

    http: Http = field(default_factory=lambda: Http(SERVER_NAME="127.0.0.1"))

    def get(self, path: str, **parameters: Any) -> HttpResponse:
        return self.http.get(path, parameters or None)

    def post(self, path: str, **form: Any) -> HttpResponse:
        return self.http.post(path, form)

    def raw(self, query: str) -> HttpResponse:
        """A query exactly as written."""
        return self.http.get("/oauth/authorize", QUERY_STRING=query)

    def sign_in(self, person: User) -> LoginSession:
        """As the sign-in page does it once the password was right."""
        self.http.force_login(person, settings.AUTHENTICATION_BACKENDS[0])
        session = LoginSession.objects.get(pk=self.http.session["sid"])
        # Django's own way in has no address; a browser has one.
        network = network_of(self.http.defaults.get("REMOTE_ADDR", "127.0.0.1"), settings.NETWORK_PREFIXES)
        session.whereabouts = Roaming().used_from(network, 0, 0).to_json()
        session.save()
        return session

    def authorize(self, party: Party, **parameters: Any) -> HttpResponse:
        """A request as the client would make it; None leaves a parameter out."""
        return self.get("/oauth/authorize", **request_of(party, **parameters))

    def allow(self, at: str) -> HttpResponse:
        """Read the consent page and press the button that allows."""
        return self.decide(at, "allow")

    def decide(self, at: str, decision: str) -> HttpResponse:
        shown = self.get(at)
        assert shown.status_code == 200, (shown.status_code, location(shown))
        return self.post(at, person=hidden(shown, "person"), decision=decision)

    def walk(self, response: HttpResponse, person: User) -> HttpResponse:
        """Do whatever the server asks until it answers the client or shows something else."""
        for _ in range(12):
            where = urlsplit(location(response))
            if where.scheme or response.status_code != 303:
                return response
            if where.path == "/account/login/":
                self.sign_in(person)
                response = self.get(parse_qs(where.query)["next"][0])
            elif where.path.startswith("/oauth/consent/"):
                response = self.allow(where.path)
            elif where.path.startswith("/oauth/select-account/"):
                shown = self.get(where.path)
                response = self.post(where.path, person=hidden(shown, "person"), account="this")
            else:
                response = self.get(location(response))
        raise AssertionError("the server asks on and on")


def request_of(party: Party, **parameters: Any) -> dict[str, str]:
    """The parameters of an authorization request with PKCE."""
    asked = {
        "response_type": "code",
        "client_id": party.client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "state": "st-4f2",
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | parameters
    return {name: str(value) for name, value in asked.items() if value is not None}


@pytest.fixture
def browser(db: None) -> Browser:
    return Browser()


@pytest.fixture
def other_browser(db: None) -> Browser:
    return Browser()


@pytest.fixture
def other_person(db: None) -> User:
    return User.objects.create_user("marko", "marko@example.org", "staple battery horse", name="Marko")


@pytest.fixture
def signed_in(browser: Browser, person: User) -> LoginSession:
    """The browser of ``person``, signed in."""
    return browser.sign_in(person)


@pytest.fixture
def allowed(browser: Browser, person: User, app: Party, signed_in: LoginSession) -> Callable[..., None]:
    """The person has allowed a client some scope before."""

    def run(scope: str = "openid", party: Party | None = None, **more: Any) -> None:
        done = browser.walk(browser.authorize(party or app, scope=scope, **more), person)
        assert "code" in answer(done), page(done)

    return run


@pytest.fixture
def interactions() -> Callable[[], int]:
    """How many interactions are stored."""
    return Interaction.objects.count


def claims_of(token: dict[str, Any]) -> dict[str, Any]:
    """The claims of an ID token, unverified: verifying is proved elsewhere."""
    body = token["id_token"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def exchange(party: Party, code: str, **more: Any) -> dict[str, Any]:
    """Authlib redeems a code."""
    token: dict[str, Any] = party.session().fetch_token(
        f"{settings.ISSUER}/oauth/token", code=code, code_verifier=VERIFIER, grant_type="authorization_code", **more
    )
    return token
