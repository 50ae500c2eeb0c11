"""The facts of the outbox: what was delivered, and what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered(Event):
    """An effect was brought about, such as a logout token that the client took; ``attempts`` says at which try."""

    name: ClassVar[str] = "outbox:message:delivered"

    topic: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAbandoned(Refusal):
    """An effect was tried as often as OUTBOX_ATTEMPTS_LIMIT says and given up; ``detail`` is what happened last."""

    name: ClassVar[str] = "outbox:message:abandoned"

    topic: str = ""
    attempts: int = 0
