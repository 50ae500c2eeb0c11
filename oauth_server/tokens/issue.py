"""The single mint and the single save: an ``Authorization`` becomes a ``TokenSet``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.models import TokenFamily, standing
from oauth_server.models.spending import NewRow
from oauth_server.models.standing import Person
from oauth_server.protocol import scopes
from oauth_server.protocol.errors import InvalidGrant
from oauth_server.tokens import access_token, claims, id_token, refresh_token
from oauth_server.tokens.access_token import OPENID
from oauth_server.tokens.authorization import Authorization, TokenSet

OFFLINE_ACCESS: Final = "offline_access"


class SpentMeanwhileError(Exception):
    """Somebody was faster, or what the grant lives on has just ended: nothing was issued. Look again."""


def issue(authorization: Authorization, now: datetime) -> TokenSet:
    """Mint what the authorization is good for, then save it and spend what it was granted for: both or neither.

    Saving comes last: what cannot be minted has spent nothing, and what was not saved is never handed out. One statement, and
    one more for the person when the ID token or an API's access token is to say something of them.

    Raises:
        SpentMeanwhileError: it could not be spent.
    """
    person = _OnlyOnce(authorization)
    sign_in = authorization.of_the_sign_in()
    access = access_token.mint(authorization, now, person, sign_in)
    rows = [_family(authorization, now)] if authorization.new_family else []
    rows += access.rows
    refresh = ""
    if authorization.lineage is not None:
        refresh = refresh_token.successor_of(authorization.lineage.presented)
        if not authorization.lineage.retry:
            rows.append(refresh_token.row(authorization, authorization.lineage, refresh, now))
    identity = ""
    if authorization.user_id is not None and OPENID in authorization.scope:
        names = claims.in_id_token(
            authorization.scope, authorization.claims, with_scopes=authorization.client.id_token_claims
        )
        said = claims.said_in_id_token(person(), names, authorization.claims) if names else None
        identity = id_token.mint(authorization, now, sign_in, access_token=access.token, claims=said)
    if not authorization.save(rows):
        raise SpentMeanwhileError
    return TokenSet(
        access_token=access.token,
        token_type="DPoP" if "jkt" in authorization.confirmation else "Bearer",
        expires_in=access.lifetime,
        scope=scopes.join(authorization.scope),
        refresh_token=refresh,
        id_token=identity,
    )


def issue_at_front(
    authorization: Authorization, now: datetime, *, wanted: frozenset[str], code: str, person: Callable[[], Person]
) -> tuple[dict[str, str], list[NewRow]]:
    """Mint what the authorization endpoint itself hands out (OpenID Connect Core §3.2.2.5, §3.3.2.5); never a refresh token.

    Answers the members, and the rows that are to be saved before they are handed out.

    Args:
        authorization: with a family of its own, which is among the rows only when an access token needs it.
        now: the moment of the request.
        wanted: the values of ``response_type``.
        code: issued beside it; empty when none is.
        person: asked only when a token says something of them.
    """
    members: dict[str, str] = {}
    rows: list[NewRow] = []
    sign_in = authorization.of_the_sign_in()
    access = ""
    if "token" in wanted:
        made = access_token.mint(authorization, now, person, sign_in)
        rows = [_family(authorization, now), *made.rows]
        access = made.token
        members |= {"access_token": access, "token_type": "Bearer", "expires_in": str(made.lifetime)}
        members |= {"scope": scopes.join(authorization.scope)}
    if "id_token" in wanted:
        # §5.4: without an access token there is no other place for what the scopes say.
        alone = wanted == {"id_token"}
        names = claims.in_id_token(
            authorization.scope, authorization.claims, with_scopes=alone or authorization.client.id_token_claims
        )
        said = claims.said_in_id_token(person(), names, authorization.claims) if names else None
        members["id_token"] = id_token.mint(authorization, now, sign_in, access_token=access, code=code, claims=said)
    return members, rows


def _family(authorization: Authorization, now: datetime) -> NewRow:
    lifetime = (
        settings.LIFETIMES.refresh_token if authorization.lineage is not None else settings.LIFETIMES.access_token
    )
    family, user_id = authorization.bond()
    return NewRow(
        TokenFamily,
        {
            "id": family,
            "application_id": authorization.client.pk,
            "user_id": user_id,
            "session_id": authorization.session_sid,
            "consent_id": authorization.consent_id,
            "scope": scopes.join(authorization.scope),
            "resource": list(authorization.resource),
            "claims": dict(authorization.claims),
            "authorization_details": list(authorization.authorization_details),
            "confirmation": dict(authorization.confirmation),
            "nonce": authorization.nonce,
            "auth_time": authorization.auth_time,
            "acr": authorization.acr,
            "amr": list(authorization.amr),
            "created": now,
            "expires": now + timedelta(seconds=lifetime),
            "revoke_reason": "",
        },
    )


class _OnlyOnce:
    """The person of an authorization, read when the first token says something of them: mostly never."""

    __slots__ = ("_authorization", "_found")

    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization
        self._found: Person | None = None

    def __call__(self) -> Person:
        if self._found is None:
            _, user_id = self._authorization.bond()
            self._found = standing.person(user_id)
        if self._found is None:
            raise InvalidGrant
        return self._found


def refresh_token_is_due(client: RegisteredClient, granted: tuple[str, ...]) -> bool:
    """Refresh tokens: for ``offline_access`` (OpenID Connect Core §11), or where the client's registration says always."""
    return "refresh_token" in client.grant_types and (OFFLINE_ACCESS in granted or client.always_issue_refresh_token)
