"""Live access tokens of the server's own mint, for tests of what stands in front of an API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from identity.models import User
from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.metadata import register
from oauth_server.keys import store
from oauth_server.models import freshness
from oauth_server.tokens.authorization import Authorization, Lineage, TokenSet
from oauth_server.tokens.issue import issue

# What any Django project has in front of its views.
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

SCOPE = "openid read write notes:read notes:write"


def make_client(**metadata: Any) -> RegisteredClient:
    """A registered client with every scope of these tests."""
    now = timezone.now()
    freshness.forget()
    store.ensure_keys(now)
    given = {"redirect_uris": ["https://app.example/cb"], "scope": SCOPE, **metadata}
    _, answer = register(given, now=now)
    freshness.forget()
    client = registry.get(answer["client_id"])
    assert client is not None
    return client


def make_user(username: str = "alice", **fields: Any) -> User:
    """A person."""
    return User.objects.create_user(username=username, email=f"{username}@people.example", **fields)


def token_set(
    client: RegisteredClient, scope: str = SCOPE, user: User | None = None, *, refresh: bool = False, **more: Any
) -> TokenSet:
    """What the token endpoint would answer: for a person when there is one, else for the client itself."""
    now = timezone.now()
    family = {"user_id": user.pk, "family": uuid.uuid4(), "new_family": True, "auth_time": now} if user else {}
    lineage = Lineage(generation=0, absolute_expiry=now + timedelta(days=1)) if refresh else None
    authorization = Authorization(
        client=client,
        grant_type="authorization_code" if user else "client_credentials",
        scope=tuple(scope.split()),
        sub=str(user.pk) if user else client.client_id,
        lineage=lineage,
        **family,
        **more,
    )
    return issue(authorization, now)
