"""An access token after somebody vouched for it: what an API's code works with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from oauth_server.protocol import scopes as scope_words
from oauth_server.protocol.errors import InvalidScope, InvalidToken


@dataclass(frozen=True, slots=True)
class BearerToken:
    """Who calls, through which client, and what for.

    Attributes:
        subject: the person, or the client itself when it asked for its own sake (RFC 9068 §2.2).
        claims: all that the issuer said.
        confirmation: the key that the token is bound to (RFC 7800); empty for a bearer token.
        user: the person's row, where the API runs inside the server; otherwise None.
    """

    subject: str
    client_id: str
    scope: tuple[str, ...]
    issuer: str
    audience: tuple[str, ...]
    issued: datetime | None
    expires: datetime
    claims: Mapping[str, Any] = field(repr=False)
    confirmation: Mapping[str, Any] = field(default_factory=dict, repr=False)
    user: Any = None

    def has(self, scopes: Iterable[str]) -> bool:
        """Whether every one of ``scopes`` was granted."""
        return frozenset(self.scope).issuperset(scopes)


class Source(Protocol):
    """Whom to ask whether a token was issued, and what it says. Audience and scope are judged by ``TokenVerifier``."""

    def read(self, token: str, now: datetime) -> BearerToken:
        """What an authentic token says.

        Raises:
            InvalidToken: it is not authentic, or not an access token.
            TemporarilyUnavailable: the source cannot be reached and has nothing to fall back on.
        """
        ...


class Verifier(Protocol):
    """What decorators, middleware and permission classes need."""

    def verify(self, token: str, now: datetime, scopes: Collection[str] = ()) -> BearerToken:
        """A token that is good for this API and for ``scopes``.

        Raises:
            InvalidToken: it is not.
            InsufficientScope: it is, but not for ``scopes``.
            TemporarilyUnavailable: nobody can tell right now.
        """
        ...


def _moment(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        raise InvalidToken from None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(detail=f"The token has no {name}.")
    return value


def from_claims(claims: Mapping[str, Any]) -> BearerToken:
    """Read the claims of a verified JWT (RFC 9068 §2.2) or an introspection answer (RFC 7662 §2.2).

    Raises:
        InvalidToken: a member that an access token must have is absent or of another type. An ID token has no
            ``client_id``, so it ends here (RFC 9068 §5).
    """
    audience = claims.get("aud", ())
    if isinstance(audience, str):
        audience = (audience,)
    scope, confirmation = claims.get("scope", ""), claims.get("cnf", {})
    if not isinstance(scope, str) or not isinstance(confirmation, Mapping):
        raise InvalidToken
    if not isinstance(audience, list | tuple) or not all(isinstance(value, str) for value in audience):
        raise InvalidToken
    try:
        granted = scope_words.parse(scope)
    except InvalidScope:
        raise InvalidToken from None
    return BearerToken(
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        scope=granted,
        issuer=_text(claims, "iss"),
        audience=tuple(audience),
        issued=_moment(claims["iat"]) if "iat" in claims else None,
        expires=_moment(claims.get("exp")),
        claims=claims,
        confirmation=confirmation,
    )
