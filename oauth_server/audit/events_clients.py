"""The facts of registration: clients that came, changed and went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistered(Event):
    """A client was registered (RFC 7591)."""

    name: ClassVar[str] = "client:registration:created"

    by_operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUpdated(Event):
    """A client's metadata was replaced."""

    name: ClassVar[str] = "client:registration:updated"

    by_operator: bool = False
    new_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(Event):
    """A client deleted itself (RFC 7592 §2.3)."""

    name: ClassVar[str] = "client:registration:deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused(Refusal):
    """A registration, or a look at one, was refused."""

    name: ClassVar[str] = "client:registration:refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessTokenIssued(Event):
    """Somebody was given the right to register clients (RFC 7591 §1.2)."""

    name: ClassVar[str] = "client:initial_access_token:issued"

    uses: int = 0
    lifetime: int = 0
