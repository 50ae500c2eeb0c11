"""The facts of registration: clients that came and changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


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
