"""A client of a running server that is made of plain HTTP: for what a test must see to the letter."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jws

from tests.support.live import Live
from tests.support.person import Person

BACK = "http://127.0.0.1:25900/callback"
VERIFIER = generate_token(48)


def header(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jws.extract_compact(token.encode()).headers()
    return found


def payload(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return found


class Party:
    """A client, and plain HTTP."""

    def __init__(self, live: Live, registration: dict[str, Any]) -> None:
        self.live = live
        self.registration = registration
        self.id = registration["client_id"]
        self.secret = registration.get("client_secret", "")
        self.web = httpx2.Client(base_url=live.issuer, timeout=20)

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> httpx2.Response:
        return self.web.post(path, data=form, auth=(self.id, self.secret), headers=headers)

    def authorize(self, scope: str = "openid profile email", **more: str) -> str:
        query = {
            "client_id": self.id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": scope,
            "state": "s t",
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.live.issuer}/oauth/authorize?{urlencode({k: v for k, v in query.items() if v})}"

    def sign_in(self, person: Person, scope: str = "openid profile email", **more: str) -> dict[str, Any]:
        back = parse_qs(urlsplit(person.go(self.authorize(scope, **more), BACK)).query)
        verifier = {} if more.get("code_challenge") == "" else {"code_verifier": VERIFIER}
        answer = self.post(
            "/oauth/token", grant_type="authorization_code", code=back["code"][0], redirect_uri=BACK, **verifier
        )
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens
