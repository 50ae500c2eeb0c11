"""Rows of every kind that operators and developers look at, with canaries in what must never be shown."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client as Browser
from django.utils import timezone

from identity.federation.configure import set_up
from identity.models import LoginSession, User
from oauth_server.clients import metadata
from oauth_server.keys import rotate, secrets
from oauth_server.models import (
    AccessToken,
    AuditEvent,
    AuthorizationCode,
    Client,
    Consent,
    OutboxMessage,
    RefreshToken,
    SigningKey,
    TokenFamily,
)

PROVIDER = {"slug": "there", "name": "There", "issuer": "https://there.example", "client_id": "gatehouse-there"}
FURNISHED = "furnished"  # the slug of the provider that ``furnish`` makes


def person(username: str = "ada", **fields: Any) -> User:
    """A stored person."""
    return User.objects.create_user(username, f"{username}@example.com", "correct horse battery", **fields)


def signed_in(user: User) -> Browser:
    """A browser in which the person is signed in."""
    browser = Browser()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def operator(username: str = "olga") -> User:
    """An operator who may do everything."""
    return person(username, is_staff=True, is_superuser=True)


@dataclass
class House:
    """One row in every table, and what nobody may read off a page."""

    user: User
    client: Client
    session: LoginSession
    consent: Consent
    family: TokenFamily
    key: SigningKey
    event: AuditEvent
    message: OutboxMessage
    canaries: list[str] = field(default_factory=list)


def furnish(owner: User, now: datetime | None = None) -> House:
    """Fill every table that has a page."""
    now = now or timezone.now()
    later = now + timedelta(hours=1)
    client, answer = metadata.register(
        {
            "client_name": "Field notes",
            "redirect_uris": ["https://notes.example/callback"],
            "token_endpoint_auth_method": "client_secret_jwt",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        },
        owner=owner,
        now=now,
    )
    signed_in(owner)
    session = LoginSession.objects.of_person(owner, now)[0]
    consent = Consent.objects.remember(owner.pk, client.pk, frozenset({"openid", "email"}), now, later)
    family = TokenFamily.objects.create(
        id=uuid.uuid4(),
        application=client,
        user=owner,
        session=session,
        consent=consent,
        scope="openid email",
        created=now,
        expires=later,
    )
    values = {kind: secrets.mint(kind) for kind in ("ac", "at", "rt")}
    AuthorizationCode.objects.create(
        digest=secrets.digest(values["ac"]), application=client, user=owner, family=family.pk, created=now, expires=later,
        redirect_uri="https://notes.example/callback", scope="openid",
    )  # fmt: skip
    AccessToken.objects.create(
        digest=secrets.digest(values["at"]),
        application=client,
        family=family,
        scope="openid",
        created=now,
        expires=later,
    )
    RefreshToken.objects.create(
        digest=secrets.digest(values["rt"]), application=client, family=family, created=now, expires=later
    )
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={"secret": "CANARYTOTPSEED"})
    rotate.rotate(now)
    key = SigningKey.objects.alive()[0]
    secret = answer["client_secret"]
    stored = client.secrets.get()
    upstream, _ = set_up({**PROVIDER, "slug": FURNISHED, "client_secret": "CANARYUPSTREAMSECRET"}, may_replace=False)
    canaries = ["CANARYTOTPSEED", "CANARYUPSTREAMSECRET", secret, secret[-12:], session.browser, owner.password]
    for octets in (
        *(secrets.digest(value) for value in (*values.values(), secret)),
        *(bytes(key.private)[:32] for key in SigningKey.objects.alive()),
        bytes(stored.wrapped)[:32],
        bytes(upstream.wrapped_secret or b"")[:32],
    ):
        canaries += spellings(octets)
    return House(
        owner, client, session, consent, family, key,
        AuditEvent.objects.create(name="token:request:refused", at=now, result="failure", client_id=client.client_id,
                                  suspicious=True, facts={"error": "invalid_grant"}),
        OutboxMessage.objects.create(topic="logout_token", payload={"sid": session.sid}, created=now, due=now),
        canaries,
    )  # fmt: skip


def spellings(octets: bytes) -> list[str]:
    """How a page might write octets down."""
    return [
        octets.hex(),
        base64.b64encode(octets).decode().rstrip("="),
        base64.urlsafe_b64encode(octets).decode().rstrip("="),
        repr(octets)[2:-1],
        repr(octets)[2:-1].replace("'", "&#x27;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;"),
    ]
