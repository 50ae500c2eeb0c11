"""Access tokens: RFC 9068 JWTs without a row, or opaque ones with one."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.keys import secrets, store
from oauth_server.models import AccessToken, Client
from oauth_server.models.spending import NewRow
from oauth_server.models.standing import Person
from oauth_server.protocol import scopes
from oauth_server.tokens import claims as personal
from oauth_server.tokens.authorization import Authorization

# RFC 9068 §2.1 types them at+jwt; JWT is a choice, per client or per API, for resource servers that refuse that.
_OWN_TYPE: Final = "at+jwt"
JWT_TYPES: Final = frozenset({_OWN_TYPE, "JWT"})
OPENID: Final = "openid"


def new_jti(family: uuid.UUID | None) -> str:
    """A token identifier. It carries the family, so that a JWT needs no row of its own to be found dead."""
    serial = base64.urlsafe_b64encode(os.urandom(12)).decode("ascii")
    return f"{family.hex}.{serial}" if family else f".{serial}"


def family_of(jti: str) -> uuid.UUID | None:
    """The family that ``new_jti`` put into an identifier; None for a client's own token."""
    head, _, _ = jti.partition(".")
    return uuid.UUID(hex=head) if head else None


def userinfo_endpoint() -> str:
    """Userinfo as a resource (RFC 8707 §2): its address."""
    return f"{settings.ISSUER}/oauth/userinfo"


def resources_of(client: RegisteredClient) -> tuple[str, ...]:
    """What a client may name as ``resource`` when it sends a person here (RFC 8707 §2)."""
    return (*client.audience, userinfo_endpoint())


def audience_of(asked: tuple[str, ...], client: RegisteredClient, scope: Collection[str]) -> tuple[str, ...]:
    """Whom the token is for (RFC 9068 §2.2, RFC 8707 §2): the resources asked for, the client's default, or this server.

    Beside the client's default stands userinfo when the scope has ``openid``, or a client with an API of its own could not ask
    for claims (OpenID Connect Core §5.3). Whoever asks for resources gets these and no more.
    """
    if asked or not client.audience:
        return asked or (settings.ISSUER,)
    return (*client.audience, userinfo_endpoint()) if OPENID in scope else client.audience


def one_or_list(values: tuple[str, ...]) -> str | list[str]:
    """The two forms of ``aud`` (RFC 7519 §4.1.3)."""
    return values[0] if len(values) == 1 else list(values)


class Minted(NamedTuple):
    """An access token, its life in seconds, and the row of an opaque one, which is to be saved."""

    token: str
    lifetime: int
    rows: tuple[NewRow, ...] = ()


def mint(
    authorization: Authorization, now: datetime, person: Callable[[], Person], sign_in: Mapping[str, Any]
) -> Minted:
    """Mint an access token.

    Args:
        authorization: what the grant proved.
        now: the moment of the request.
        person: asked only when an API wants the token to say something of them.
        sign_in: what is said of it.
    """
    lifetime = settings.LIFETIMES.access_token
    if authorization.lineage is not None:
        lifetime = max(1, min(lifetime, int((authorization.lineage.absolute_expiry - now).total_seconds())))
    if authorization.client.access_token_format == Client.OPAQUE:
        return _opaque(authorization, now, lifetime)
    return Minted(_jwt(authorization, now, lifetime, person, sign_in), lifetime)


def _jwt(
    authorization: Authorization,
    now: datetime,
    lifetime: int,
    person: Callable[[], Person],
    sign_in: Mapping[str, Any],
) -> str:
    issued = int(now.timestamp())
    # A token for several APIs is read by each: it says what all of them want, and has another type only if all want that.
    # We ourselves take any of our types.
    audience = audience_of(authorization.audience, authorization.client, authorization.scope)
    apis = [settings.RESOURCES.find(api) for api in audience if api != userinfo_endpoint()]
    types = {api.access_token_typ or authorization.client.access_token_typ for api in apis}
    wanted = frozenset.intersection(*(api.access_token_claims for api in apis)) if apis else frozenset()
    names = personal.in_access_token(authorization.scope, wanted) if authorization.user_id is not None else ()
    claims: dict[str, Any] = {
        **(personal.said_in_access_token(person(), names) if names else {}),
        "iss": settings.ISSUER,
        "sub": authorization.sub,
        "aud": one_or_list(audience),
        "client_id": authorization.client.client_id,
        "iat": issued,
        "exp": issued + lifetime,
        "jti": new_jti(authorization.family),
        **sign_in,
    }
    if authorization.scope:
        claims["scope"] = scopes.join(authorization.scope)
    if authorization.authorization_details:
        claims["authorization_details"] = list(authorization.authorization_details)
    if authorization.confirmation:
        claims["cnf"] = dict(authorization.confirmation)
    signer = store.signer(authorization.client.access_token_signed_response_alg, now)
    return signer.sign(claims, typ=types.pop() if len(types) == 1 else _OWN_TYPE)


def _opaque(authorization: Authorization, now: datetime, lifetime: int) -> Minted:
    token = secrets.mint("at")
    row = NewRow(
        AccessToken,
        {
            "digest": secrets.digest(token),
            "family_id": authorization.family,
            "application_id": authorization.client.pk,
            "scope": scopes.join(authorization.scope),
            "resource": list(authorization.audience),
            "confirmation": dict(authorization.confirmation),
            "created": now,
            "expires": now + timedelta(seconds=lifetime),
        },
    )
    return Minted(token, lifetime, (row,))
