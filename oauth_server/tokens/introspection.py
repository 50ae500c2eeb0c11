"""What this caller may learn about this token (RFC 7662 §2.2, §4): unknown, dead and foreign all answer the same."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.protocol import scopes
from oauth_server.tokens.access_token import one_or_list
from oauth_server.tokens.find import ACCESS, Found

INACTIVE: Final = {"active": False}
ANY: Final = "*"


def may_know(caller: RegisteredClient, found: Found) -> bool:
    """Whether a caller may hear about a token.

    Its owner may; so may a resource server that the token is for, and one that the operator lets introspect the tokens of
    this client, for this audience, or all (``introspects``). Refresh tokens are their owner's business alone.
    """
    if caller.client_id == found.client.client_id:
        return True
    if found.kind != ACCESS:
        return False
    return caller.client_id in found.audience or not caller.introspects.isdisjoint(
        {ANY, found.client.client_id, *found.audience}
    )


def describe(found: Found) -> dict[str, Any]:
    """The members of an active answer (RFC 7662 §2.2, RFC 9068 §2.2)."""
    members: dict[str, Any] = {
        "active": True,
        "iss": settings.ISSUER,
        "client_id": found.client.client_id,
        "sub": found.sub,
        "aud": one_or_list(found.audience),
        "iat": int(found.issued.timestamp()),
        "exp": int(found.expires.timestamp()),
        "token_type": "Bearer" if found.kind == ACCESS else REFRESH_TYPE,
        "scope": scopes.join(found.scope),
    }
    # A name would undo what a pairwise subject is for: the client reads its own tokens here too.
    if found.username and found.client.sector is None:
        members["username"] = found.username
    if found.jti:
        members["jti"] = found.jti
    if found.auth_time is not None:
        members["auth_time"] = int(found.auth_time.timestamp())
    if found.acr:
        members["acr"] = found.acr
    if found.confirmation:
        members["cnf"] = dict(found.confirmation)
    return members


REFRESH_TYPE: Final = "refresh_token"
