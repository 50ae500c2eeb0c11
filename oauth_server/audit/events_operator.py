"""The facts of operators: every change that somebody makes by hand, with who made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAct(Event):
    """The base of what operators do.

    Attributes:
        operator: the public subject of whoever did it.
    """

    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAdded(OperatorAct):
    """An operator added a record."""

    name: ClassVar[str] = "operator:record:added"

    model: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChanged(OperatorAct):
    """An operator changed a record; the names of the fields, never their values."""

    name: ClassVar[str] = "operator:record:changed"

    model: str = ""
    record: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeleted(OperatorAct):
    """An operator deleted a record."""

    name: ClassVar[str] = "operator:record:deleted"

    model: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDisabled(OperatorAct):
    """An operator disabled a person: sessions and tokens ended."""

    name: ClassVar[str] = "operator:person:disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnabled(OperatorAct):
    """An operator let a person sign in again."""

    name: ClassVar[str] = "operator:person:enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsRemoved(OperatorAct):
    """An operator took a person's second factors away, because the person lost them."""

    name: ClassVar[str] = "operator:factors:removed"

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetSent(OperatorAct):
    """An operator had the mail sent with which a person chooses a new password (ASVS 6.4.6)."""

    name: ClassVar[str] = "operator:password:reset_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEnded(OperatorAct):
    """An operator ended a person's sign-in."""

    name: ClassVar[str] = "operator:session:ended"

    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDisabled(OperatorAct):
    """An operator disabled a client: its tokens ended."""

    name: ClassVar[str] = "operator:client:disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEnabled(OperatorAct):
    """An operator let a client come back."""

    name: ClassVar[str] = "operator:client:enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotated(OperatorAct):
    """An operator gave a client a new secret."""

    name: ClassVar[str] = "operator:secret:rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRevoked(OperatorAct):
    """An operator ended a token family."""

    name: ClassVar[str] = "operator:family:revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked(OperatorAct):
    """An operator took back what a person had allowed a client."""

    name: ClassVar[str] = "operator:consent:revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(OperatorAct):
    """An operator replaced every signing key at once."""

    name: ClassVar[str] = "operator:keys:rotated"
