"""Clients of the tests: registered by the server's own rules, speaking through other people's libraries."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from oauth_server.clients.authenticate import Credentials, authenticate
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.metadata import register
from oauth_server.protocol.parameters import Parameters

ISSUER = "http://127.0.0.1:8000"
TOKEN_ENDPOINT = f"{ISSUER}/oauth/token"
REDIRECT = "https://app.example/cb"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make(**metadata: Any) -> dict[str, Any]:
    """Register a client and answer what it is told."""
    return register({"redirect_uris": [REDIRECT], **metadata}, now=datetime.now(UTC))[1]


def with_key(key: ECKey | OKPKey | RSAKey, **metadata: Any) -> str:
    """Register a private_key_jwt client with an inline key set; answers its identifier."""
    jwks = {"keys": [key.as_dict(private=False)]}
    return str(make(token_endpoint_auth_method="private_key_jwt", jwks=jwks, **metadata)["client_id"])


def claims(client_id: str, **others: Any) -> dict[str, Any]:
    """A right assertion's claims; None takes a claim away."""
    now = int(time.time())
    right = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
    return {name: value for name, value in (right | others).items() if value is not None}


def sign(payload: dict[str, Any], key: ECKey | OKPKey | RSAKey | OctKey, alg: str = "ES256", **header: Any) -> str:
    """A JWT made by joserfc."""
    return jwt.encode({"alg": alg, **header}, payload, key, algorithms=[alg])


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of client_secret_basic, encoded as RFC 6749 §2.3.1 says."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def send(authorization: str | None = None, *, now: datetime | None = None, **parameters: str) -> RegisteredClient:
    """Authenticate a request at the token endpoint."""
    credentials = Credentials(authorization, Parameters(parameters), TOKEN_ENDPOINT)
    return authenticate(credentials, now or datetime.now(UTC))


def send_assertion(assertion: str, **parameters: str) -> RegisteredClient:
    """Authenticate a request that carries a client assertion."""
    return send(client_assertion=assertion, client_assertion_type=ASSERTION_TYPE, **parameters)
