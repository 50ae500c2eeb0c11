"""A string becomes a live token, or nothing: unknown, malformed, expired, revoked and orphaned look the same from here on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from django.conf import settings

from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.jose import algorithms
from oauth_server.jose.verify import JoseError, KeySet, verify
from oauth_server.keys import secrets, store
from oauth_server.models import RevokedToken, standing
from oauth_server.models.standing import Person, Standing
from oauth_server.protocol import scopes
from oauth_server.tokens import access_token

ACCESS: Final = "access_token"
REFRESH: Final = "refresh_token"


@dataclass(frozen=True, slots=True)
class Found:
    """A live token and what it stands for. ``family`` is None for a client's own token, ``person`` unless it was asked for."""

    kind: str
    client: RegisteredClient
    sub: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    issued: datetime
    expires: datetime
    family: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    username: str = ""
    person: Person | None = None
    jti: str = ""
    digest: bytes = b""
    claims: Mapping[str, Any] = field(default_factory=dict)
    confirmation: Mapping[str, Any] = field(default_factory=dict)
    auth_time: datetime | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()


def find(token: str, now: datetime, *, even_spent: bool = False, person: bool = False) -> Found | None:
    """The live token behind a string, in at most one statement (scorecard R-10).

    Args:
        token: as presented.
        now: the moment of the request.
        even_spent: a refresh token that was used counts as long as its family lives. Revocation asks so: a client that
            throws a token away while its own refresh is under way must not be left with the successor (R-06).
        person: read the person of an access token too.
    """
    if secrets.well_formed(token, "at"):
        return _opaque(token, now, person=person)
    if secrets.well_formed(token, "rt"):
        return _refresh(token, now, even_spent=even_spent)
    if token.count(".") == 2:
        return _jwt(token, now, person=person)
    return None


def _usable(client_id: str, issued: datetime) -> RegisteredClient | None:
    client = registry.get(client_id)
    if client is None or not client.is_active:
        return None
    if client.tokens_not_before is not None and issued < client.tokens_not_before:
        return None
    return client


def _lives(family: Standing, client: RegisteredClient, now: datetime) -> bool:
    return family.is_live(now, offline_survives_logout=client.offline_access_survives_logout)


def _opaque(token: str, now: datetime, *, person: bool) -> Found | None:
    digest = secrets.digest(token)
    row = standing.of_access_token(digest, person=person)
    if row is None or row.is_revoked or row.expires <= now:
        return None
    client = _usable(row.owner, row.created)
    if client is None or (row.family is not None and not _lives(row.family, client, now)):
        return None
    family = row.family
    scope = scopes.parse(row.scope)
    return Found(
        kind=ACCESS,
        client=client,
        sub=subject_of(client, family.user_id) if family else client.client_id,
        scope=scope,
        audience=access_token.audience_of(tuple(row.resource), client, scope),
        issued=row.created,
        expires=row.expires,
        digest=digest,
        confirmation=row.confirmation,
        **_of(family),
    )


def _refresh(token: str, now: datetime, *, even_spent: bool) -> Found | None:
    digest = secrets.digest(token)
    row = standing.of_refresh_token(digest)
    if row is None or row.expires <= now or (row.used_at is not None and not even_spent):
        return None
    family = row.family
    client = _usable(row.owner, family.created)
    if client is None or not _lives(family, client, now):
        return None
    return Found(
        kind=REFRESH,
        client=client,
        sub=subject_of(client, family.user_id),
        scope=scopes.parse(family.scope),
        audience=(settings.ISSUER,),
        issued=row.created,
        expires=row.expires,
        digest=digest,
        **_of(family),
    )


# A resource server asks about the same token again and again, and what a signature says never changes. Measured: 94
# microseconds of processor time, the look-up itself 56. Only good tokens stay, under the keys that were in force.
@lru_cache(maxsize=2_048)
def _said(token: str, keys: KeySet) -> Mapping[str, Any]:
    return verify(token, keys, algorithms=algorithms.ACCESS_TOKEN, typ=access_token.JWT_TYPES).claims


def _jwt(token: str, now: datetime, *, person: bool) -> Found | None:
    """A JWT access token of ours. An ID token has no ``client_id``, so it never passes for one (RFC 9068 §5)."""
    try:
        claims = _said(token, store.verification_keys())
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        jti, client_id, sub = claims["jti"], claims["client_id"], claims["sub"]
        family_id = access_token.family_of(jti)
    except (JoseError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None
    if claims.get("iss") != settings.ISSUER or expires <= now:
        return None
    client = _usable(client_id, issued)
    if client is None:
        return None
    aud = claims.get("aud", ())
    found: dict[str, Any] = {
        "kind": ACCESS,
        "client": client,
        "sub": sub,
        "scope": scopes.parse(claims.get("scope", "")),
        "audience": (aud,) if isinstance(aud, str) else tuple(aud),
        "issued": issued,
        "expires": expires,
        "jti": jti,
        "confirmation": claims.get("cnf", {}),
    }
    if family_id is None:
        return None if RevokedToken.objects.has(jti) else Found(**found)
    family = standing.of_family(family_id, person=person)
    if family is None or not _lives(family, client, now):
        return None
    return Found(**found, **_of(family))


def _of(family: Standing | None) -> dict[str, Any]:
    if family is None:
        return {}
    return {
        "family": family.family,
        "user_id": family.user_id,
        "username": family.username,
        "person": family.person,
        "claims": family.claims,
        "auth_time": family.auth_time,
        "acr": family.acr,
        "amr": tuple(family.amr),
    }
