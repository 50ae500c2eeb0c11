"""What a grant proved: one value from any grant, for the one mint."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oauth_server.audit.events import Event
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import sid_of
from oauth_server.models.spending import NewRow, write
from oauth_server.protocol.errors import OAuthError

Save = Callable[[Sequence[NewRow]], bool]


def write_rows(rows: Sequence[NewRow]) -> bool:
    """How to save where nothing is spent."""
    write(*rows)
    return True


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the next refresh token of a family stands.

    Attributes:
        generation: of the token to be minted.
        absolute_expiry: when the family ends, whatever happens.
        presented: the refresh token that was spent for it; empty for the first one.
        retry: the successor was minted before and its answer was lost: hand it out again, write nothing.
        trail: what the next refresh is to know of those before it (``suspicion``).
    """

    generation: int
    absolute_expiry: datetime
    presented: str = ""
    retry: bool = False
    trail: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """Client, person, scope, resources, session, confirmation: all that tokens are made of.

    ``family`` is None for a client that asks for itself. ``lineage`` is None when no refresh token is due. ``sub`` is the
    subject of the access token: the person's, or the client's own identifier (RFC 9068 §2.2).

    ``save`` spends what the grant lives on and writes the rows of its tokens, both or neither; False when somebody was faster.
    """

    client: RegisteredClient
    grant_type: str
    scope: tuple[str, ...]
    sub: str
    user_id: uuid.UUID | None = None
    family: uuid.UUID | None = None
    new_family: bool = False
    lineage: Lineage | None = None
    session_sid: str | None = None
    consent_id: int | None = None
    auth_time: datetime | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()
    nonce: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    resource: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    confirmation: Mapping[str, Any] = field(default_factory=dict)
    save: Save = write_rows

    def of_the_sign_in(self) -> dict[str, Any]:
        """What an access token and an ID token say alike of the sign-in (RFC 9068 §2.2.1, OpenID Connect Core §2)."""
        said: dict[str, Any] = {}
        if self.auth_time is not None:
            said["auth_time"] = int(self.auth_time.timestamp())
        if self.acr:
            said["acr"] = self.acr
        if self.amr:
            said["amr"] = self.amr
        if self.session_sid:
            said["sid"] = sid_of(self.client, self.session_sid)
        return said

    def bond(self) -> tuple[uuid.UUID, uuid.UUID]:
        """The family and the person behind it.

        Raises:
            ValueError: a client asks for itself, so there is neither.
        """
        if self.family is None or self.user_id is None:
            raise ValueError("A client's own authorization has no family.")
        return self.family, self.user_id


@dataclass(frozen=True, slots=True)
class Refused:
    """A no. ``settle`` ends what it has to end and answers what is to be recorded: both are committed before ``error`` is raised."""

    error: OAuthError
    settle: Callable[[], Event]


@dataclass(frozen=True, slots=True)
class TokenSet:
    """The answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str = ""
    id_token: str = ""

    def members(self) -> dict[str, Any]:
        """The members of the JSON answer, without the empty ones."""
        members: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
        }
        if self.scope:
            members["scope"] = self.scope
        if self.refresh_token:
            members["refresh_token"] = self.refresh_token
        if self.id_token:
            members["id_token"] = self.id_token
        return members
