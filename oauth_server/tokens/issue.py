"""The single mint and the single save: an ``Authorization`` becomes a ``TokenSet``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from identity.claims import claims_for
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import TokenFamily, statements
from oauth_server.protocol import scopes
from oauth_server.tokens import access_token, id_token, refresh_token
from oauth_server.tokens.authorization import Authorization, TokenSet

OPENID: Final = "openid"
OFFLINE_ACCESS: Final = "offline_access"


def issue(authorization: Authorization, now: datetime) -> TokenSet:
    """Mint what the authorization is good for, and save it in the caller's transaction.

    Statements: the family when it is new, the refresh token when one is due, the access token when it is opaque.
    """
    if authorization.new_family:
        _save_family(authorization, now)
    access, expires_in = access_token.mint(authorization, now)
    refresh = ""
    if authorization.lineage is not None:
        refresh = refresh_token.mint(authorization, authorization.lineage, now)
    identity = ""
    if authorization.user_id is not None and OPENID in authorization.scope:
        identity = id_token.mint(authorization, now, access_token=access, claims=_person_claims(authorization))
    return TokenSet(
        access_token=access,
        token_type="DPoP" if "jkt" in authorization.confirmation else "Bearer",
        expires_in=expires_in,
        scope=scopes.join(authorization.scope),
        refresh_token=refresh,
        id_token=identity,
    )


def _save_family(authorization: Authorization, now: datetime) -> None:
    lifetime = (
        settings.LIFETIMES.refresh_token if authorization.lineage is not None else settings.LIFETIMES.access_token
    )
    family, user_id = authorization.bond()
    statements.insert(
        TokenFamily(
            id=family,
            application_id=authorization.client.pk,
            user_id=user_id,
            session_id=authorization.session_sid,
            consent_id=authorization.consent_id,
            scope=scopes.join(authorization.scope),
            resource=list(authorization.resource),
            claims=dict(authorization.claims),
            authorization_details=list(authorization.authorization_details),
            confirmation=dict(authorization.confirmation),
            nonce=authorization.nonce,
            auth_time=authorization.auth_time,
            acr=authorization.acr,
            amr=list(authorization.amr),
            created=now,
            expires=now + timedelta(seconds=lifetime),
        )
    )


def _person_claims(authorization: Authorization) -> dict[str, Any] | None:
    """The scope claims, for a client that never calls userinfo and says so (interop; Core §5.4 sends them to userinfo)."""
    if not authorization.client.id_token_claims or authorization.family is None:
        return None
    family = TokenFamily.objects.standing(authorization.family)
    if family is None:
        return None
    return claims_for(family.user, authorization.scope, email_verified=family.email_verified)


def refresh_token_is_due(client: RegisteredClient, granted: tuple[str, ...]) -> bool:
    """Refresh tokens: for ``offline_access`` (OpenID Connect Core §11), or where the client's registration says always."""
    return "refresh_token" in client.grant_types and (OFFLINE_ACCESS in granted or client.always_issue_refresh_token)
