"""Facts about our signing keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oauth_server.audit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(Event):
    """Signing keys changed their age; each field lists ``kid`` values."""

    name: ClassVar[str] = "key:rotation:done"

    announced: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
