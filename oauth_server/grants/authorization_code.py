"""A code becomes tokens (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID Connect Core §3.1.3)."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from oauth_server.audit.events import CodeReplayed, ForeignToken, TokenRefused
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.keys import secrets
from oauth_server.models import AuthorizationCode, standing
from oauth_server.models.standing import PresentedCode
from oauth_server.protocol import pkce, resources, scopes
from oauth_server.protocol.errors import InvalidGrant, InvalidRequest, OAuthError
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.access_token import resources_of
from oauth_server.tokens.authorization import Authorization, Refused
from oauth_server.tokens.issue import refresh_token_is_due
from oauth_server.tokens.refresh_token import first_lineage
from oauth_server.tokens.revoke import revoke_family


def decide(parameters: Parameters, client: RegisteredClient, now: datetime) -> Authorization | Refused:
    """Judge a code and what came with it; one that was shown with a wrong proof is burnt.

    Raises:
        InvalidRequest: a parameter is missing.
        InvalidGrant: the code is no code of ours.
    """
    value = parameters.required("code")
    if not secrets.well_formed(value, "ac"):
        raise InvalidGrant("The code is invalid.")
    digest = secrets.digest(value)
    code = standing.of_code(digest)
    if code is None or code.application_id != client.pk or not code.is_live(now):
        return _refuse(code, client, now)
    try:
        if client.tokens_not_before is not None and code.created < client.tokens_not_before:
            raise InvalidGrant("The code is invalid, expired or was used before.", detail="before tokens_not_before")
        _check(code, parameters, client)
        asked = resources.choose(parameters.all("resource"), code.resource or resources_of(client))
    except OAuthError as error:
        return Refused(error, partial(_burn, digest, now, _refusal(error, client, str(code.user_id))))
    granted = scopes.parse(code.scope)
    return Authorization(
        client=client,
        grant_type="authorization_code",
        scope=granted,
        sub=subject_of(client, code.user_id),
        user_id=code.user_id,
        family=code.family,
        new_family=True,
        lineage=first_lineage(now) if refresh_token_is_due(client, granted) else None,
        session_sid=code.session_id,
        consent_id=code.consent_id,
        auth_time=code.auth_time,
        acr=code.acr,
        amr=tuple(code.amr),
        nonce=code.nonce,
        claims=code.claims,
        resource=tuple(code.resource),
        audience=asked or tuple(code.resource),
        authorization_details=tuple(code.authorization_details),
        confirmation=code.confirmation,
        save=partial(
            AuthorizationCode.objects.redeem,
            digest,
            now,
            client=client.pk,
            created=code.created,
            user=code.user_id,
            session=code.session_id,
            consent=code.consent_id,
        ),
    )


def _check(code: PresentedCode, parameters: Parameters, client: RegisteredClient) -> None:
    redirect_uri = parameters.get("redirect_uri")
    # OAuth 2.1 §4.1.3 drops the parameter; who sends it must send the same (RFC 6749 §4.1.3).
    if redirect_uri is not None and not hmac.compare_digest(redirect_uri.encode(), code.redirect_uri.encode()):
        raise InvalidGrant("The redirect_uri differs from that of the authorization request.")
    if redirect_uri is None and client.profile.redirect_uri_at_token_endpoint:
        raise InvalidRequest("The parameter redirect_uri is missing.")
    pkce.verify(parameters.get("code_verifier"), code.code_challenge, code.code_challenge_method)


def _burn(digest: bytes, now: datetime, event: TokenRefused) -> TokenRefused:
    AuthorizationCode.objects.burn(digest, now)
    return event


def _refuse(code: PresentedCode | None, client: RegisteredClient, now: datetime) -> Refused:
    """Judge a code that cannot be redeemed: a replay ends what the code issued (RFC 6749 §4.1.2, §10.5)."""
    error = InvalidGrant("The code is invalid, expired or was used before.")
    if code is None or code.used_at is None:
        return Refused(error, lambda: _refusal(error, client))
    if code.application_id != client.pk:
        # Another client's try must not end the family, or anybody who saw a code could sign its owner out.
        foreign = ForeignToken(client_id=client.client_id, family=str(code.family), endpoint="token")
        return Refused(error, lambda: foreign)
    # A client's own retry races its first request: within the window the first answer stands (scorecard R-03).
    window = timedelta(seconds=settings.LIFETIMES.code_replay_window)
    return Refused(error, partial(_replayed, code, client, now, late=now - code.used_at > window))


def _replayed(code: PresentedCode, client: RegisteredClient, now: datetime, *, late: bool) -> CodeReplayed:
    revoked = late and revoke_family(code.family, now, "code replayed")
    return CodeReplayed(
        client_id=client.client_id, user=str(code.user_id), family=str(code.family), revoked=bool(revoked)
    )


def _refusal(error: OAuthError, client: RegisteredClient, user: str = "") -> TokenRefused:
    return TokenRefused(
        client_id=client.client_id,
        user=user,
        grant_type="authorization_code",
        error=error.error,
        description=error.description,
        hint=error.hint,
        detail=error.detail,
    )
