"""Registration over the network and its management (RFC 7591, RFC 7592, OpenID Connect Registration).

Tokens are kept as digests. A registration access token lives as long as its client and is not rotated: an answer that got lost
would leave a client without an owner. Nor is a secret that is stored told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from identity.models import User
from oauth_server.audit.events_clients import InitialAccessTokenIssued
from oauth_server.audit.record import record
from oauth_server.clients import metadata, offered, registry, sectors, software_statement
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.narrowing import narrow
from oauth_server.clients.profiles import PROFILES
from oauth_server.clients.readers import refuse
from oauth_server.clients.secrets import matches
from oauth_server.keys import secrets
from oauth_server.keys.secrets import Kind
from oauth_server.models import Client, InitialAccessToken, Registration
from oauth_server.protocol.errors import InvalidToken, TooManyRequests


def offer(uses: int, lifetime: int, now: datetime, user: User | None = None) -> str:
    """Make an initial access token and answer it: the only moment that it can be read.

    Args:
        uses: how many clients may be registered with it.
        lifetime: seconds.
        now: the moment of the request.
        user: to whom the clients will belong.
    """
    token = secrets.mint(Kind.INITIAL_ACCESS_TOKEN)
    expires = now + timedelta(seconds=lifetime)
    with transaction.atomic():
        InitialAccessToken.objects.keep(
            InitialAccessToken(
                digest=secrets.digest(token), user=user, uses_left=uses, created=now, expires=expires
            )
        )  # fmt: skip
        record(InitialAccessTokenIssued(user=str(user.pk) if user else "", uses=uses, lifetime=lifetime))
    return token


def invited(token: str, now: datetime) -> InitialAccessToken:
    """The initial access token behind a string; nothing of it is spent yet.

    Raises:
        InvalidToken: there is none, it is used up, or its time is over.
    """
    found = None
    if secrets.well_formed(token, Kind.INITIAL_ACCESS_TOKEN):
        found = InitialAccessToken.objects.find(secrets.digest(token), now)
    if found is None:
        raise InvalidToken("The initial access token is wrong, used up or expired.")
    return found


def register(
    asked: Mapping[str, Any], *, profile: str, now: datetime, invitation: InitialAccessToken | None
) -> dict[str, Any]:
    """Register a client and answer what RFC 7591 §3.2.1 answers.

    Args:
        asked: the JSON object as received.
        profile: the security profile that the client gets.
        now: the moment of the request.
        invitation: an initial access token, one use of which is spent on success.

    Raises:
        InvalidToken: others have used the invitation up meanwhile.
        TooManyRequests: there are too many clients that nobody vouched for.
        OAuthError: one of those of RFC 7591 §3.2.2.
    """
    read = metadata.validate(_had(asked, profile, now), by_operator=False, profile=profile)
    sectors.check(read)
    token = secrets.mint(Kind.REGISTRATION_ACCESS_TOKEN)
    # Whom nobody vouched for stays only when it is used.
    expires = None if invitation else now + timedelta(seconds=settings.LIFETIMES.unused_client)
    if invitation is None and settings.THROTTLES and not Registration.objects.has_room(settings.LIMITS.open_clients):
        raise TooManyRequests("This server has as many clients that nobody vouched for as its operator allows.")
    with transaction.atomic():
        if invitation is not None and not InitialAccessToken.objects.spend(bytes(invitation.digest), now):
            raise InvalidToken("The initial access token is used up.")
        owner = invitation.user if invitation else None
        row, answer = metadata.store(read, now=now, owner=owner, by_operator=False)
        Registration.objects.keep(Registration(client=row, digest=secrets.digest(token), expires=expires))
    registry.forget()
    return answer | _management(row.client_id, token)


def _had(asked: Mapping[str, Any], profile: str, now: datetime, has: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What of the metadata can be had, with what a software statement says; ``has`` are scopes that the client has already."""
    return narrow(software_statement.apply(asked, now), PROFILES[profile], offered.scopes(has))


def _management(client_id: str, token: str) -> dict[str, str]:
    return {
        "registration_client_uri": f"{settings.ISSUER}/oauth/register/{client_id}",
        "registration_access_token": token,
    }


def opened(client_id: str, token: str) -> RegisteredClient:
    """The client that a registration access token manages.

    Raises:
        InvalidToken: the token is wrong, or the client is gone or disabled (RFC 7592 §2.1: 401).
    """
    client = None
    if registry.CLIENT_ID.fullmatch(client_id) and secrets.well_formed(token, Kind.REGISTRATION_ACCESS_TOKEN):
        is_right = Registration.objects.opens(secrets.digest(token), client_id)
        client = registry.get(client_id) if is_right else None
    if client is None or not client.is_active:
        raise InvalidToken("The registration access token is wrong, or its client is gone.")
    return client


def describe(client_id: str, token: str) -> dict[str, Any]:
    """What is registered (RFC 7592 §3); the token is the one that the client has just shown.

    Raises:
        InvalidToken: the client went meanwhile.
    """
    row = Client.objects.load(client_id)
    if row is None:
        raise InvalidToken
    return _complete(metadata.describe(row), bool(row.secrets.all()), token)


def replace(client: RegisteredClient, asked: Mapping[str, Any], token: str, now: datetime) -> dict[str, Any]:
    """Replace a client's metadata (RFC 7592 §2.2); what is left out goes back to its default, except what operators set.

    Raises:
        OAuthError: one of those of RFC 7591 §3.2.2, also when ``client_id`` or ``client_secret`` is not the client's own.
    """
    if asked.get("client_id") != client.client_id:
        raise refuse("client_id", "must be the client's own (RFC 7592 section 2.2)")
    secret = asked.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and matches(client, (secret,), now)):
        raise refuse("client_secret", "must be the present one, or absent (RFC 7592 section 2.2)")
    had = _had(asked, client.profile.name, now, client.scope)
    sectors.check(metadata.validate(had, by_operator=False, profile=client.profile.name))
    try:
        row, answer = metadata.update(client.client_id, had, now=now, by_operator=False)
    except LookupError:
        raise InvalidToken from None
    has_secret = metadata.needs_secret(row)
    return _complete(answer, has_secret, token)


def _complete(answer: dict[str, Any], has_secret: bool, token: str) -> dict[str, Any]:  # noqa: FBT001  # private
    if has_secret:
        answer.setdefault("client_secret_expires_at", 0)
    return answer | _management(answer["client_id"], token)
