"""An issuer that exists only in memory, and answers the kit's HTTP requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER = "https://issuer.example"
AUDIENCE = "https://notes.example/api"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Issuer:
    """Signs with joserfc, publishes its keys, answers introspection from a table; counts what it is asked."""

    def __init__(self) -> None:
        self.keys = [self.new_key("one")]
        self.published = list(self.keys)
        self.is_away = False
        self.asked: list[str] = []
        self.tokens: dict[str, dict[str, Any]] = {}
        self.authorization: list[str] = []
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "jwks_uri": f"{ISSUER}/jwks",
            "introspection_endpoint": f"{ISSUER}/introspect",
        }
        self.client = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    @staticmethod
    def new_key(kid: str) -> ECKey:
        return ECKey.generate_key("P-256", parameters={"kid": kid, "alg": "ES256", "use": "sig"})

    def claims(self, **changes: Any) -> dict[str, Any]:
        at = int(NOW.timestamp())
        claims = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": AUDIENCE,
            "client_id": "app",
            "scope": "notes:read notes:write",
            "iat": at,
            "exp": at + 600,
            "jti": "1",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, key: ECKey | None = None, typ: str = "at+jwt", **changes: Any) -> str:
        key = key or self.keys[0]
        return jwt.encode({"alg": "ES256", "typ": typ, "kid": key.kid}, self.claims(**changes), key)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if self.is_away:
            raise httpx2.ConnectError("refused")
        if request.url.path.startswith("/.well-known/"):
            return httpx2.Response(200, json=self.metadata)
        if request.url.path == "/jwks":
            return httpx2.Response(200, json=KeySet(self.published).as_dict(private=False))
        if request.url.path == "/introspect":
            self.authorization.append(request.headers["Authorization"])
            token = parse_qs(request.content.decode())["token"][0]
            return httpx2.Response(200, content=json.dumps(self.tokens.get(token, {"active": False})))
        return httpx2.Response(404)


class Clock:
    """Seconds that grow when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
