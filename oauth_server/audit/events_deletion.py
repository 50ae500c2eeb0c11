"""The facts about the end of an account. After the last one nothing in the log says whose it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionRequested(Event):
    """A person asked for the end of their account, or an operator did so for them; ``due`` is when it comes."""

    name: ClassVar[str] = "person:deletion:requested"

    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionCancelled(Event):
    """The person came back in time; the account stays."""

    name: ClassVar[str] = "person:deletion:cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDeleted(Event):
    """An account and everything personal that belonged to it is gone, from this log too."""

    name: ClassVar[str] = "person:deletion:done"
