"""The facts of the front channel: authorization requests, consents, sign-outs that a client asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRefused(Refusal):
    """An authorization request ended in an error, shown here or sent to the client."""

    name: ClassVar[str] = "authorize:request:refused"

    shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGranted(Event):
    """A person allowed a client what it asked for, less ``left_out``."""

    name: ClassVar[str] = "authorize:consent:granted"

    scope: str = ""
    left_out: str = ""
    claims: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDenied(Event):
    """A person denied a client what it asked for."""

    name: ClassVar[str] = "authorize:consent:denied"
    result: ClassVar[str] = "failure"

    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued(Event):
    """A client got an authorization code."""

    name: ClassVar[str] = "authorize:code:issued"

    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensIssuedAtFront(Event):
    """A client got tokens from the authorization endpoint itself (implicit and hybrid)."""

    name: ClassVar[str] = "authorize:tokens:issued"

    response_type: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignInteraction(Event):
    """A browser came for an interaction that another browser began."""

    name: ClassVar[str] = "authorize:interaction:foreign"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutCompleted(Event):
    """A sign-in ended at the end-session endpoint; ``confirmed`` when the person was asked."""

    name: ClassVar[str] = "session:logout:completed"

    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRefused(Refusal):
    """A logout request was malformed, or its hint was not ours; nothing ended."""

    name: ClassVar[str] = "session:logout:refused"
