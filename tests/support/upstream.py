"""An OpenID Provider on the loopback interface that Gatehouse is a client of: honest by default, and whatever a test makes of it."""

from __future__ import annotations

import base64
import hashlib
import html
import ipaddress
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey, Key

from identity.federation import metadata
from identity.federation.configure import set_up
from identity.models import Upstream
from tests.support.running import running

CLIENT_ID, SECRET = "gatehouse-there", "a secret that is kept there too"
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@dataclass
class Grant:
    """A code that was given out."""

    parameters: dict[str, str]
    claims: dict[str, Any]
    used: bool = False


@dataclass
class Mischief:
    """What the provider does wrong; each hook gets what it would have said and answers what it says.

    Attributes:
        octets: what its token endpoint says instead of anything.
    """

    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    id_token: Callable[[str], str] = lambda token: token
    token_response: Callable[[dict[str, Any]], dict[str, Any]] = lambda members: members
    userinfo: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    document: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
    octets: bytes | None = None


class Provider(ThreadingHTTPServer):
    """Remembers what it was asked.

    Attributes:
        person: who is signed in there; the claims of the next ID token.
        mischief: see there.
        asked: (path, form, headers) of each request.
        lean: whether the ID token holds nothing but who came, so that userinfo must be asked.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.keys: list[Key] = [self.new_key("one")]
        self.person: dict[str, Any] = {"sub": "ada-there", "email": "ada@there.example", "email_verified": True}
        self.mischief = Mischief()
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.grants: dict[str, Grant] = {}
        self.lean = False
        self.is_away = False
        self.extra_routes: dict[str, Any] = {}

    @staticmethod
    def new_key(kid: str) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256", "use": "sig"})

    def document(self) -> dict[str, Any]:
        return self.mischief.document(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "end_session_endpoint": f"{self.issuer}/logout",
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def sign(self, claims: dict[str, Any], typ: str = "JWT", key: Key | None = None, **header: Any) -> str:
        key = key or self.keys[0]
        return jwt.encode({"alg": "ES256", "typ": typ, "kid": key.kid, **header}, claims, key)

    def approve(self, address: str, **person: Any) -> dict[str, str]:
        """The person signs in there and says yes: the parameters that the browser brings back."""
        parameters = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(parameters, {**self.person, **person})
        return {"code": code, "state": parameters["state"], "iss": self.issuer}

    def id_token(self, grant: Grant) -> str:
        now = int(time.time())
        about = {
            name: value
            for name, value in grant.claims.items()
            if name in {"sub", "sid", "auth_time", "amr", "acr", "tid"}
        }
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.parameters.get("nonce", ""),
            **(about if self.lean else grant.claims),
        }
        return self.mischief.id_token(self.sign(self.mischief.claims(claims)))

    def logout_token(self, typ: str = "logout+jwt", key: Key | None = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None}, typ, key)


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        server, path = self.server, urlsplit(self.path).path
        server.asked.append((self.path, {}, dict(self.headers)))
        if server.is_away:
            return self._send(503, {})
        if path in {"/authorize", "/logout"}:
            return self._send_back()
        routes: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": server.document,
            "/jwks": lambda: {"keys": [key.as_dict(private=False) for key in server.keys]},
            "/userinfo": self._userinfo,
            **{known: (lambda answer=answer: answer) for known, answer in server.extra_routes.items()},
        }
        if path not in routes:
            return self._send(404, {})
        return self._send(200, routes[path]())

    def _send_back(self) -> None:
        """The person says yes at once; a browser may walk through the whole of it."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        if "redirect_uri" in asked:
            back = f"{asked['redirect_uri']}?{urlencode(self.server.approve(self.path))}"
        else:
            back = f"{asked['post_logout_redirect_uri']}?{urlencode({'state': asked['state']})}"
        self.send_response(302)
        self.send_header("Location", back)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _userinfo(self) -> dict[str, Any]:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = self.server.grants[token.removeprefix("at-")]
        return self.server.mischief.userinfo(dict(grant.claims))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        self.server.asked.append((self.path, form, dict(self.headers)))
        if self.server.is_away:
            return self._send(503, {})
        if self.path != "/token":
            return self._send(404, {})
        error = self._fault(form)
        if error:
            return self._send(400, {"error": error})
        grant = self.server.grants[form["code"]]
        grant.used = True
        answer = {"access_token": f"at-{form['code']}", "token_type": "Bearer", "id_token": self.server.id_token(grant)}
        return self._send(200, self.server.mischief.token_response(answer))

    def _fault(self, form: dict[str, str]) -> str:
        """A strict provider's judgement of a token request (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
        basic = base64.b64encode(f"{CLIENT_ID}:{SECRET.replace(' ', '+')}".encode()).decode()
        by_header = self.headers.get("Authorization") == f"Basic {basic}"
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, SECRET)
        if not (by_header or by_form):
            return "invalid_client"
        grant = self.server.grants.get(form.get("code", ""))
        if grant is None or grant.used or form.get("redirect_uri") != grant.parameters["redirect_uri"]:
            return "invalid_grant"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return "" if grant.parameters.get("code_challenge", challenge) == challenge else "invalid_grant"

    def _send(self, status: int, members: Any) -> None:
        body = json.dumps(members).encode()
        if self.path == "/token" and self.server.mischief.octets is not None:
            body = self.server.mischief.octets
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


@contextmanager
def provider() -> Iterator[Provider]:
    """One that runs."""
    with running(Provider()) as server:
        yield server


def connect(server: Provider, slug: str = "there", **members: Any) -> Upstream:
    """Set the provider up here, as an operator would."""
    given = {"slug": slug, "name": "There", "issuer": server.issuer, "client_id": CLIENT_ID, "client_secret": SECRET}
    return set_up({**given, **members}, may_replace=True)[0]


@dataclass
class Traveller:
    """A browser that goes to a provider and comes back."""

    browser: Browser = field(default_factory=Browser)
    address: str = ""

    def go(self, slug: str = "there", query: str = "", **form: str) -> str:
        """Press the button; the address that the browser is led to."""
        response = self.browser.post(f"/account/login/with/{slug}/{query}", form)
        assert response.status_code == 200, (response.status_code, response.headers.get("Location"))
        self.address = led_to(response.content.decode())
        return self.address

    def come_back(self, answer: dict[str, str], slug: str = "there") -> Any:
        """Bring an answer back."""
        return self.browser.get(f"/account/login/with/{slug}/callback/?{urlencode(answer)}")

    def sign_in(self, server: Provider, slug: str = "there", query: str = "", **person: Any) -> Any:
        """The whole way."""
        return self.come_back(server.approve(self.go(slug, query), **person), slug)

    @property
    def asked(self) -> dict[str, str]:
        """The parameters of the authorization request."""
        return dict(parse_qsl(urlsplit(self.address).query))


def led_to(page: str) -> str:
    """Where a page sends the browser by itself."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert found, page[:3_000]
    return html.unescape(found[1])


@pytest.fixture
def there(settings: Any) -> Iterator[Provider]:
    """A provider that may be reached."""
    settings.OUTBOUND_ALLOW = LOOPBACK
    metadata.forget()
    with provider() as server:
        yield server
    metadata.forget()
