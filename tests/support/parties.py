"""The parties of a flow: people and clients as they stand in the database, and clients made of Authlib.

Authlib speaks to the application in process, through WSGI, so that a test and the server share one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
import uuid_utils.compat
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.clients import metadata, registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.keys import store
from oauth_server.models import freshness
from oauth_server.tokens.code import CodeGrant, issue_code

# Not oauth_server.wsgi: that starts the audit flusher, whose thread would write outside the test's transaction.
_WSGI = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The application without the two signals that close connections: the test's transaction lives in one of them.

    Django's own test client does the same. On SQLite in memory closing does nothing, on PostgreSQL it ends the test.
    """
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    try:
        answer = _WSGI(environ, start_response)
        try:
            return list(answer)
        finally:
            answer.close()
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)


BASE = "http://127.0.0.1:8000"
REDIRECT = "https://app.example/callback"


class Http(httpx2.Client):
    """A plain HTTP client in front of the application."""

    def __init__(self, address: str = "127.0.0.1", **kwargs: Any) -> None:
        transport = httpx2.WSGITransport(app=application, raise_app_exceptions=False, remote_addr=address)
        super().__init__(transport=transport, base_url=BASE, **kwargs)


@dataclass
class Party:
    """A client with its secret, and the Authlib session that acts for it."""

    client_id: str
    secret: str
    answer: dict[str, Any]
    http: Http = field(default_factory=Http)

    @property
    def basic(self) -> tuple[str, str]:
        return self.client_id, self.secret

    @property
    def registered(self) -> RegisteredClient:
        client = registry.get(self.client_id)
        assert client is not None
        return client

    def session(self, **kwargs: Any) -> OAuth2Client:
        """An Authlib client; it knows nothing of our code."""
        kwargs.setdefault("redirect_uri", REDIRECT)
        return OAuth2Client(
            self.client_id,
            self.secret or None,
            token_endpoint_auth_method=self.answer["token_endpoint_auth_method"],
            code_challenge_method="S256",
            transport=httpx2.WSGITransport(app=application, raise_app_exceptions=False),
            base_url=BASE,
            **kwargs,
        )

    def post(self, path: str, **form: Any) -> httpx2.Response:
        """A form, with the client's own credentials."""
        if self.secret:
            return self.http.post(path, data=form, auth=self.basic)
        return self.http.post(path, data={"client_id": self.client_id, **form})

    def introspect(self, token: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.post("/oauth/introspect", token=token).json()
        return answer


@dataclass
class Code:
    """A code that a person's consent would have led to, and the verifier that goes with it."""

    value: str
    verifier: str
    redirect_uri: str = REDIRECT


@pytest.fixture
def keys(db: None) -> None:
    """Our signing keys."""
    store.forget()
    freshness.forget()
    store.ensure_keys(timezone.now())


@pytest.fixture
def make_client(keys: None) -> Callable[..., Party]:
    """Register a client; RFC 7591 metadata by keyword."""

    def make(**members: Any) -> Party:
        members.setdefault("client_name", "Example")
        members.setdefault("grant_types", ["authorization_code", "refresh_token"])
        if "authorization_code" in members["grant_types"]:
            members.setdefault("redirect_uris", [REDIRECT])
        _, answer = metadata.register(members, now=timezone.now())
        freshness.forget()
        registry.forget()
        return Party(answer["client_id"], answer.get("client_secret", ""), answer)

    return make


@pytest.fixture
def app(make_client: Callable[..., Party]) -> Party:
    """A confidential client with the code and refresh grants."""
    return make_client()


@pytest.fixture
def service(make_client: Callable[..., Party]) -> Party:
    """A confidential client that asks for itself."""
    return make_client(grant_types=["client_credentials"], scope="api:read api:write")


@pytest.fixture
def person(db: None) -> User:
    """Somebody."""
    return User.objects.create_user("olena", "olena@example.org", "correct horse battery", name="Olena Shevchenko")


@pytest.fixture
def sign_in(person: User) -> LoginSession:
    """A sign-in of that person, as ``identity.sessions`` stores it."""
    now = timezone.now()
    return LoginSession.objects.create(
        sid=str(uuid.uuid4()), user=person, browser="0" * 64, auth_time=now, acr="1", amr=["pwd"],
        created=now, last_seen=now, expires=now + timedelta(days=1),
    )  # fmt: skip


@pytest.fixture
def make_code(person: User, sign_in: LoginSession) -> Callable[..., Code]:
    """A code for a client, as the authorization endpoint would give it."""

    def make(
        party: Party, scope: str = "openid profile offline_access", now: datetime | None = None, **more: Any
    ) -> Code:
        verifier = generate_token(48)
        grant = {
            "client": party.registered,
            "user_id": person.pk,
            "redirect_uri": REDIRECT,
            "scope": tuple(scope.split()),
            "session_sid": sign_in.sid,
            "auth_time": sign_in.auth_time,
            "acr": sign_in.acr,
            "amr": tuple(sign_in.amr),
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        } | more
        return Code(issue_code(CodeGrant(**grant), now or timezone.now()), verifier)

    return make


@pytest.fixture
def redeem(make_code: Callable[..., Code]) -> Callable[..., dict[str, Any]]:
    """A code, redeemed by Authlib: the tokens."""

    def run(party: Party, scope: str = "openid profile offline_access", **more: Any) -> dict[str, Any]:
        code = make_code(party, scope, **more)
        token: dict[str, Any] = party.session().fetch_token(
            f"{BASE}/oauth/token", code=code.value, code_verifier=code.verifier, grant_type="authorization_code"
        )
        return token

    return run


def new_family() -> uuid.UUID:
    """An identifier that no family has."""
    return uuid_utils.compat.uuid7()
