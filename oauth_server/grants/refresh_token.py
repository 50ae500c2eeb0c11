"""A refresh token becomes tokens and a new refresh token (RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from identity.account.alarm import Alarm, ask_for_second_step, raise_alarm
from oauth_server.audit import context
from oauth_server.audit.events import ForeignToken, RefreshReused, TokenRefused
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.keys import secrets
from oauth_server.models import RefreshToken, standing
from oauth_server.models.standing import PresentedRefreshToken, Standing
from oauth_server.protocol import resources, scopes
from oauth_server.protocol.errors import InvalidGrant, OAuthError
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens import precautions
from oauth_server.tokens.access_token import resources_of
from oauth_server.tokens.authorization import Authorization, Lineage, Refused, Save, write_rows
from oauth_server.tokens.refresh_token import successor_of
from oauth_server.tokens.revoke import revoke_family
from oauth_server.tokens.suspicion import look


def decide(parameters: Parameters, client: RegisteredClient, now: datetime) -> Authorization | Refused:
    """Judge a refresh token: its row, how its family stands, and what is asked for.

    Raises:
        InvalidRequest: the parameter is missing.
        InvalidScope: more scope than was granted.
        InvalidTarget: a resource that was not granted.
        InvalidGrant: the token is no refresh token of ours.
    """
    value = parameters.required("refresh_token")
    if not secrets.well_formed(value, "rt"):
        raise InvalidGrant("The refresh token is invalid.")
    asked = scopes.parse(parameters.get("scope", ""))
    digest = secrets.digest(value)
    token = standing.of_refresh_token(digest)
    if token is None:
        error = InvalidGrant("The refresh token is invalid.")
        return Refused(error, lambda: _refusal(error, client))
    if token.application_id != client.pk:
        # Another client's replay never ends the family (scorecard R-05).
        foreign = ForeignToken(client_id=client.client_id, family=str(token.family.family), endpoint="token")
        return Refused(InvalidGrant("The refresh token is invalid."), lambda: foreign)
    if not _lives(token.family, client, now) or (token.used_at is None and token.expires <= now):
        return _say_no(InvalidGrant("The refresh token is expired or revoked."), client, token.family)
    if token.used_at is not None:
        return _used_before(value, token, token.used_at, asked, parameters, client, now)
    if token.generation >= settings.LIMITS.refreshes_per_family:
        # Every spent generation is kept until the family ends: one grant must not fill the table.
        error = InvalidGrant("This grant has been refreshed too often; the person has to sign in again.")
        return _say_no(error, client, token.family)
    found = look(token, context.current().ip_address, precautions.rules(), now)
    lineage = Lineage(token.generation + 1, token.family.expires, presented=value, trail=found.trail)
    save = partial(RefreshToken.objects.rotate, digest, now)
    authorization = _continue(token, asked, parameters, client, lineage, save=save)
    return precautions.against(found, authorization, token, now) if found.patterns else authorization


def _lives(family: Standing, client: RegisteredClient, now: datetime) -> bool:
    if client.tokens_not_before is not None and family.created < client.tokens_not_before:
        return False
    return family.is_live(now, offline_survives_logout=client.offline_access_survives_logout)


def _continue(
    token: PresentedRefreshToken,
    asked: tuple[str, ...],
    parameters: Parameters,
    client: RegisteredClient,
    lineage: Lineage,
    *,
    save: Save = write_rows,
) -> Authorization:
    family = token.family
    granted = scopes.parse(family.scope)
    return Authorization(
        client=client,
        grant_type="refresh_token",
        scope=scopes.narrow(asked, granted) or granted,
        sub=subject_of(client, family.user_id),
        user_id=family.user_id,
        family=family.family,
        lineage=lineage,
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
        save=save,
    )


def _used_before(
    value: str,
    token: PresentedRefreshToken,
    used_at: datetime,
    asked: tuple[str, ...],
    parameters: Parameters,
    client: RegisteredClient,
    now: datetime,
) -> Authorization | Refused:
    """A retry within the grace gets the same successor; any other use again ends the family."""
    grace = timedelta(seconds=settings.LIFETIMES.refresh_retry_grace)
    if now - used_at < grace and _successor_waits(value, now):
        lineage = Lineage(token.generation + 1, token.family.expires, presented=value, retry=True)
        return _continue(token, asked, parameters, client, lineage)
    error = InvalidGrant("The refresh token was used before; its grant has been revoked.")
    return Refused(error, partial(_reused, token, client, now))


def _reused(token: PresentedRefreshToken, client: RegisteredClient, now: datetime) -> RefreshReused:
    family = token.family
    if revoke_family(family.family, now, "refresh token reused") and settings.FEATURES.reuse_alarm:
        ask_for_second_step(family.user_id)
        raise_alarm(Alarm(family.user_id, "access_reused", client.client_id, {"application": client.name}), now)
    return RefreshReused(
        client_id=client.client_id, user=str(family.user_id), family=str(family.family), generation=token.generation
    )


def _successor_waits(value: str, now: datetime) -> bool:
    """Whether the successor of a spent token has itself not been used: only then was its answer perhaps lost."""
    successor = standing.of_refresh_token(secrets.digest(successor_of(value)))
    return successor is not None and successor.used_at is None and successor.expires > now


def _say_no(error: OAuthError, client: RegisteredClient, family: Standing) -> Refused:
    return Refused(error, lambda: _refusal(error, client, family))


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
