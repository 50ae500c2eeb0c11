"""Who is calling, for the events of one request; the middleware sets it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What every event of one request shares."""

    request_id: str = ""
    ip_address: str | None = None


_NOBODY: Final = RequestContext()
_context: ContextVar[RequestContext] = ContextVar("request_context", default=_NOBODY)


def enter(context: RequestContext) -> None:
    """Set the context of the request that this thread now serves."""
    _context.set(context)


def current() -> RequestContext:
    """The context of the request that is being served; an empty one in commands and tasks."""
    return _context.get()
