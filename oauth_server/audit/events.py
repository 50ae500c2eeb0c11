"""One frozen dataclass per fact, with a three-part name (``token:refresh:reused``)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

_COMMON = frozenset({"client_id", "user", "family"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all facts.

    Attributes:
        client_id: the client concerned, if any.
        user: the public subject of the person concerned, if any.
        family: the token family concerned, if any.
    """

    name: ClassVar[str] = ""
    result: ClassVar[str] = "success"
    suspicious: ClassVar[bool] = False

    client_id: str = ""
    user: str = ""
    family: str = ""

    @property
    def ended_something(self) -> bool:
        """Whether tokens died of what was suspicious: such a fact always has a row of its own."""
        return False

    def facts(self) -> dict[str, Any]:
        """The fields that only this kind of event has."""
        return {name: getattr(self, name) for name in _own(type(self))}  # type: ignore[arg-type]  # a class can be hashed; mypy looks at its instances


@cache
def _own(kind: type[Event]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.name not in _COMMON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Event):
    """The base of facts that are a no: which error, why, and the detail that only the operator sees."""

    result: ClassVar[str] = "failure"

    error: str = ""
    description: str = ""
    hint: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual(Event):
    """The base of facts that are suspicious, and after which a setting ``…_POLICY`` may say that it is over: ``ended``."""

    suspicious: ClassVar[bool] = True

    ended: bool = False

    @property
    def ended_something(self) -> bool:
        """The grant or the sign-in, where the policy says so."""
        return self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(Event):
    """A token request succeeded."""

    name: ClassVar[str] = "token:request:issued"

    grant_type: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(Refusal):
    """A token request was refused."""

    name: ClassVar[str] = "token:request:refused"

    grant_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRefused(Refusal):
    """A client did not authenticate."""

    name: ClassVar[str] = "client:authentication:refused"

    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReplayed(Event):
    """A code came a second time; what it had issued was revoked (RFC 6749 §4.1.2)."""

    name: ClassVar[str] = "token:code:replayed"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True

    revoked: bool = True

    @property
    def ended_something(self) -> bool:
        """Unless it was the client's own second try within the window."""
        return self.revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReused(Event):
    """A spent refresh token came again; its family was revoked (RFC 9700 §4.14.2)."""

    name: ClassVar[str] = "token:refresh:reused"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True

    generation: int = 0

    @property
    def ended_something(self) -> bool:
        """The family."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshBurst(Unusual):
    """One grant was refreshed more often than ``REFRESH_BURST`` says; ``ended``: by ``REFRESH_BURST_POLICY`` it is over."""

    name: ClassVar[str] = "token:refresh:burst"

    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMoved(Unusual):
    """One grant changed its network more often than ``NETWORK_CHANGES`` says; ``ended``: by ``NETWORK_CHANGES_POLICY`` it is over."""

    name: ClassVar[str] = "token:refresh:moved"

    previous: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignToken(Event):
    """A client presented a refresh token, a code or a token to revoke that was issued to another client."""

    name: ClassVar[str] = "token:client:foreign"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True

    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A client, a person or an operator revoked tokens."""

    name: ClassVar[str] = "token:revocation:done"

    reason: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionRefused(Event):
    """A caller asked about a token that it may not know; it heard ``active: false``."""

    name: ClassVar[str] = "token:introspection:refused"
    result: ClassVar[str] = "failure"
    suspicious: ClassVar[bool] = True

    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsSuppressed(Event):
    """Of so many facts of a kind the log has no row of their own: there were too many in a minute. Their log lines stand."""

    name: ClassVar[str] = "audit:facts:suppressed"
    suspicious: ClassVar[bool] = True

    kind: str = ""
    address: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFailed(Refusal):
    """An exception that nobody foresaw reached the shell of an endpoint, or of a page; its traceback is in the log."""

    name: ClassVar[str] = "server:request:failed"
