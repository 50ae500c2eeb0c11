"""A code becomes tokens (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID Connect Core §3.1.3)."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from django.conf import settings

from oauth_server.audit.events import CodeReplayed, ForeignToken, TokenRefused
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.keys import secrets
from oauth_server.models import AuthorizationCode
from oauth_server.protocol import pkce, resources, scopes
from oauth_server.protocol.errors import InvalidGrant, InvalidRequest, OAuthError
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.access_token import resources_of
from oauth_server.tokens.authorization import Authorization, Refused
from oauth_server.tokens.issue import refresh_token_is_due
from oauth_server.tokens.refresh_token import first_lineage
from oauth_server.tokens.revoke import revoke_family


def decide(parameters: Parameters, client: RegisteredClient, now: datetime) -> Authorization | Refused:
    """Spend the code first, then judge what came with it: a code that was shown with a wrong verifier is burnt.

    Raises:
        InvalidRequest: a parameter is missing.
        InvalidGrant: the code is no code of ours.
    """
    value = parameters.required("code")
    if not secrets.well_formed(value, "ac"):
        raise InvalidGrant("The code is invalid.")
    digest = secrets.digest(value)
    code = AuthorizationCode.objects.redeem(digest, client.pk, now)
    if code is None:
        return _refuse(digest, client, now)
    if client.tokens_not_before is not None and code.created < client.tokens_not_before:
        error: OAuthError = InvalidGrant(
            "The code is invalid, expired or was used before.", detail="before tokens_not_before"
        )
        return Refused(error, _refusal(error, client, str(code.user_id)))
    try:
        _check(code, parameters, client)
        asked = resources.choose(parameters.all("resource"), code.resource or resources_of(client))
    except OAuthError as refused:
        return Refused(refused, _refusal(refused, client, str(code.user_id)))
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
    )


def _check(code: AuthorizationCode, parameters: Parameters, client: RegisteredClient) -> None:
    redirect_uri = parameters.get("redirect_uri")
    # OAuth 2.1 §4.1.3 drops the parameter; who sends it must send the same (RFC 6749 §4.1.3).
    if redirect_uri is not None and not hmac.compare_digest(redirect_uri.encode(), code.redirect_uri.encode()):
        raise InvalidGrant("The redirect_uri differs from that of the authorization request.")
    if redirect_uri is None and client.profile.redirect_uri_at_token_endpoint:
        raise InvalidRequest("The parameter redirect_uri is missing.")
    pkce.verify(parameters.get("code_verifier"), code.code_challenge, code.code_challenge_method)


def _refuse(digest: bytes, client: RegisteredClient, now: datetime) -> Refused:
    """Judge a code that could not be spent: a replay ends what the code issued (RFC 6749 §4.1.2, §10.5)."""
    error = InvalidGrant("The code is invalid, expired or was used before.")
    spent = AuthorizationCode.objects.spent(digest)
    if spent is None:
        return Refused(error, _refusal(error, client))
    if spent.application_id != client.pk:
        # Another client's try must not end the family, or anybody who saw a code could sign its owner out.
        return Refused(error, ForeignToken(client_id=client.client_id, family=str(spent.family), endpoint="token"))
    # A client's own retry races its first request: within the window the first answer stands (scorecard R-03).
    window = timedelta(seconds=settings.LIFETIMES.code_replay_window)
    late = spent.used_at is not None and now - spent.used_at > window
    revoked = late and revoke_family(spent.family, now, "code replayed")
    return Refused(
        error,
        CodeReplayed(
            client_id=client.client_id, user=str(spent.user_id), family=str(spent.family), revoked=bool(revoked)
        ),
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
