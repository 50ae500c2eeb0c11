"""The facts of the portal: what developers do to their applications, and what people take back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRegistered(Event):
    """A developer registered an application."""

    name: ClassVar[str] = "portal:application:registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationChanged(Event):
    """A developer changed an application; the names of the members, never their values."""

    name: ClassVar[str] = "portal:application:changed"

    changed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDisabled(Event):
    """A developer disabled an application: its tokens ended."""

    name: ClassVar[str] = "portal:application:disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationEnabled(Event):
    """A developer let an application come back."""

    name: ClassVar[str] = "portal:application:enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDeleted(Event):
    """A developer deleted an application with all that it was given."""

    name: ClassVar[str] = "portal:application:deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSecretRotated(Event):
    """A developer gave an application a new secret."""

    name: ClassVar[str] = "portal:secret:rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSecretRevoked(Event):
    """A developer ended the former secret of an application before its time."""

    name: ClassVar[str] = "portal:secret:revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessWithdrawn(Event):
    """A person took back what they had allowed a client."""

    name: ClassVar[str] = "portal:consent:withdrawn"
