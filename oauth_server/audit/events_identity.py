"""The facts about people: who came, who was turned away, what they changed. Never what somebody typed: it may be a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event, Unusual


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in, or proved again who they are (then ``again``)."""

    name: ClassVar[str] = "person:session:started"

    sid: str = ""
    acr: str = ""
    amr: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A sign-in ended, and why."""

    name: ClassVar[str] = "person:session:ended"

    sid: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMoved(Unusual):
    """A sign-in changed its network more often than ``NETWORK_CHANGES`` says; ``ended``: by ``NETWORK_CHANGES_POLICY`` it is over."""

    name: ClassVar[str] = "person:session:moved"

    sid: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """A password was wrong, or its owner is disabled. ``user`` is empty when nobody is called what was typed."""

    name: ClassVar[str] = "person:password:refused"
    result: ClassVar[str] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessingBlocked(Event):
    """So many passwords or codes were wrong, or codes asked for, that further ones are not judged."""

    name: ClassVar[str] = "person:password:blocked"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordUnchecked(Event):
    """The service that knows stolen passwords did not answer, so that a new password was let through."""

    name: ClassVar[str] = "person:password:unchecked"
    result: ClassVar[str] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMailed(Event):
    """Somebody asked for a sign-in code. ``user`` is empty when nobody has confirmed the address; then the mail says so."""

    name: ClassVar[str] = "person:code:mailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRefused(Event):
    """A code that was mailed was typed wrong, or used before."""

    name: ClassVar[str] = "person:code:refused"
    result: ClassVar[str] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpBegun(Event):
    """Somebody began to sign up with a passkey. ``user`` is who owns the address already, and was mailed that they do."""

    name: ClassVar[str] = "person:sign_up:begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRefused(Event):
    """Somebody who signs up with a passkey was turned away: wrong_code, invitation_over, address_taken, refused."""

    name: ClassVar[str] = "person:sign_up:refused"
    result: ClassVar[str] = "failure"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPostponed(Event):
    """So many passwords waited to be hashed that this one was not looked at; its owner was asked to come back."""

    name: ClassVar[str] = "person:password:postponed"
    result: ClassVar[str] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRefused(Event):
    """The password was right and the code was wrong: somebody may know the password."""

    name: ClassVar[str] = "person:factor:refused"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True

    factor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """A person changed their account: password, addresses, factors, profile."""

    name: ClassVar[str] = "person:account:changed"

    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDisabled(Event):
    """A person may not be here any more."""

    name: ClassVar[str] = "person:standing:disabled"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnabled(Event):
    """A person may be here again."""

    name: ClassVar[str] = "person:standing:enabled"
