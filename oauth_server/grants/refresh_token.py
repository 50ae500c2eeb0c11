"""A refresh token becomes tokens and a new refresh token (RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from oauth_server.audit import context
from oauth_server.audit.events import ForeignToken, RefreshReused, TokenRefused
from oauth_server.audit.record import record_later
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.keys import secrets
from oauth_server.models import RefreshToken, standing
from oauth_server.models.standing import Standing
from oauth_server.protocol import resources, scopes
from oauth_server.protocol.errors import InvalidGrant, OAuthError
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.access_token import resources_of
from oauth_server.tokens.authorization import Authorization, Lineage, Refused
from oauth_server.tokens.refresh_token import successor_of
from oauth_server.tokens.revoke import revoke_family
from oauth_server.tokens.suspicion import suspicions


def decide(parameters: Parameters, client: RegisteredClient, now: datetime) -> Authorization | Refused:
    """Spend the token, then ask whether its family may still be used.

    Raises:
        InvalidRequest: the parameter is missing.
        InvalidScope: more scope than was granted.
        InvalidGrant: the token is no refresh token of ours.
    """
    value = parameters.required("refresh_token")
    if not secrets.well_formed(value, "rt"):
        raise InvalidGrant("The refresh token is invalid.")
    asked = scopes.parse(parameters.get("scope", ""))
    digest = secrets.digest(value)
    spent = RefreshToken.objects.spend(digest, client.pk, now)
    if spent is None:
        return _refuse(value, digest, asked, parameters, client, now)
    family = standing.of_family(spent.family_id)
    if family is None or not _lives(family, client, now):
        return _dead(client, family)
    address = context.current().ip_address
    for event in suspicions(family, spent, address, settings.LIFETIMES.access_token, now):
        record_later(replace(event, client_id=client.client_id))
    if spent.generation >= settings.LIMITS.refreshes_per_family:
        # Every spent generation is kept until the family ends: one grant must not fill the table.
        error = InvalidGrant("This grant has been refreshed too often; the person has to sign in again.")
        return Refused(error, _refusal(error, client, family))
    return _continue(family, spent.generation + 1, asked, parameters, client, presented=value)


def _lives(family: Standing, client: RegisteredClient, now: datetime) -> bool:
    if client.tokens_not_before is not None and family.created < client.tokens_not_before:
        return False
    return family.is_live(now, offline_survives_logout=client.offline_access_survives_logout)


def _continue(
    family: Standing,
    generation: int,
    asked: tuple[str, ...],
    parameters: Parameters,
    client: RegisteredClient,
    *,
    presented: str,
    retry: bool = False,
) -> Authorization:
    granted = scopes.parse(family.scope)
    return Authorization(
        client=client,
        grant_type="refresh_token",
        scope=scopes.narrow(asked, granted) or granted,
        sub=subject_of(client, family.user_id),
        user_id=family.user_id,
        family=family.family,
        lineage=Lineage(generation=generation, absolute_expiry=family.expires, presented=presented, retry=retry),
        session_sid=family.session_id,
        consent_id=family.consent_id,
        auth_time=family.auth_time,
        acr=family.acr,
        amr=tuple(family.amr),
        claims=family.claims,
        resource=tuple(family.resource),
        audience=resources.choose(parameters.all("resource"), family.resource or resources_of(client))
        or tuple(family.resource),
        authorization_details=tuple(family.authorization_details),
        confirmation=family.confirmation,
    )


def _refuse(
    value: str,
    digest: bytes,
    asked: tuple[str, ...],
    parameters: Parameters,
    client: RegisteredClient,
    now: datetime,
) -> Authorization | Refused:
    """Judge a token that could not be spent: unknown, expired, foreign, a retry within the grace, or reused."""
    token = standing.of_refresh_token(digest)
    if token is None:
        error = InvalidGrant("The refresh token is invalid.")
        return Refused(error, _refusal(error, client))
    family = token.family
    if token.application_id != client.pk:
        # Another client's replay never ends the family (scorecard R-05).
        foreign = ForeignToken(client_id=client.client_id, family=str(family.family), endpoint="token")
        return Refused(InvalidGrant("The refresh token is invalid."), foreign)
    if token.used_at is None or not _lives(family, client, now):
        return _dead(client, family)
    grace = timedelta(seconds=settings.LIFETIMES.refresh_retry_grace)
    if now - token.used_at < grace and _successor_waits(value, now):
        return _continue(family, token.generation + 1, asked, parameters, client, presented=value, retry=True)
    revoke_family(family.family, now, "refresh token reused")
    reused = RefreshReused(
        client_id=client.client_id, user=str(family.user_id), family=str(family.family), generation=token.generation
    )
    return Refused(InvalidGrant("The refresh token was used before; its grant has been revoked."), reused)


def _successor_waits(value: str, now: datetime) -> bool:
    """Whether the successor of a spent token has itself not been used: only then was its answer perhaps lost."""
    successor = standing.of_refresh_token(secrets.digest(successor_of(value)))
    return successor is not None and successor.used_at is None and successor.expires > now


def _dead(client: RegisteredClient, family: Standing | None) -> Refused:
    error: OAuthError = InvalidGrant("The refresh token is expired or revoked.")
    return Refused(error, _refusal(error, client, family))


def _refusal(error: OAuthError, client: RegisteredClient, family: Standing | None = None) -> TokenRefused:
    return TokenRefused(
        client_id=client.client_id,
        user=str(family.user_id) if family else "",
        family=str(family.family) if family else "",
        grant_type="refresh_token",
        error=error.error,
        description=error.description,
        hint=error.hint,
        detail=error.detail,
    )
