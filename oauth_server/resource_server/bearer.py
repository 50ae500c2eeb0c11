"""A bearer token on its way in, and the answer when it is missing or not good enough (RFC 6750 §2.1, §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from oauth_server.protocol import scopes
from oauth_server.protocol.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidRequest,
    InvalidToken,
    OAuthError,
)

SCHEME: Final = "bearer"
REALM: Final = "api"
_LONGEST: Final = 32_768
_B64TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_RETRY_AFTER: Final = "2"


class NoToken(InvalidToken):
    """The request carries no token: the challenge has no error code (RFC 6750 §3.1)."""

    default = "An access token is required."


def read(authorization: str) -> str | None:
    """The token in an Authorization header; None when there is no header or it is of another scheme.

    The header is the only place that is looked at: a token in a query ends up in logs and histories (RFC 9700 §4.3.2).

    Raises:
        InvalidRequest: the header says Bearer and then something that is no single token.
    """
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() != SCHEME:
        return None
    token = value.strip()
    if len(token) > _LONGEST or not _B64TOKEN.fullmatch(token):
        raise InvalidRequest("The Authorization header does not hold one bearer token.")
    return token


def require(authorization: str) -> str:
    """The token in an Authorization header.

    Raises:
        NoToken: there is none.
        InvalidRequest: see ``read``.
    """
    token = read(authorization)
    if token is None:
        raise NoToken
    return token


def insufficient(needed: Iterable[str]) -> InsufficientScope:
    """The refusal of a good token that was not granted ``needed`` (RFC 6750 §3.1)."""
    wanted = scopes.join(needed)
    return InsufficientScope(f"The access token was not granted all of: {wanted}.", scope=wanted)


def challenge(error: OAuthError, realm: str = REALM) -> str:
    """The ``WWW-Authenticate`` value (RFC 6750 §3, RFC 9470 §3)."""
    parts = [f'Bearer realm="{realm}"']
    if not isinstance(error, NoToken):
        parts += [f'error="{error.error}"', f'error_description="{error.description}"']
    if isinstance(error, InsufficientScope) and error.scope:
        parts.append(f'scope="{error.scope}"')
    if isinstance(error, InsufficientUserAuthentication):
        parts += [f'acr_values="{error.acr_values}"'] if error.acr_values else []
        parts += [f'max_age="{error.max_age}"'] if error.max_age is not None else []
    return ", ".join(parts)


def headers(error: OAuthError, realm: str = REALM) -> dict[str, str]:
    """The headers of a refusal: a challenge, or when to come back."""
    extra = {"Retry-After": _RETRY_AFTER} if error.status == 503 else {"WWW-Authenticate": challenge(error, realm)}
    return {"Cache-Control": "no-store", **extra}
