"""The facts about providers elsewhere: who was turned away, what was linked, what a provider ended. Never a token, never an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRefused(Event):
    """A sign-in by a provider, or a logout token of one, was refused; ``reason`` says why."""

    name: ClassVar[str] = "person:upstream:refused"
    result: ClassVar[str] = "failure"

    upstream: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamForged(UpstreamRefused):
    """What came in a provider's name was not from it: another issuer, a token that does not verify, a state of nobody."""

    name: ClassVar[str] = "person:upstream:forged"
    suspicious: ClassVar[bool] = True
