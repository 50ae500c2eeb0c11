"""TOPICS: which effects there are, and who brings them about."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the outbox as its handler sees it.

    Attributes:
        key: the same at every try: what the other side knows a repetition by.
        payload: what was put.
        created: when.
    """

    key: uuid.UUID
    payload: Mapping[str, Any]
    created: datetime


class DeliveryError(Exception):
    """The other side did not take it. Its sentence is for operators; it must hold no secret."""


class HopelessError(DeliveryError):
    """The other side will never take it: trying again would be bad manners."""


# The first half reads the database and answers the second half, or None when there is nothing left to do. The second half
# talks to the world, beside others in threads that have no connection to the database. It raises DeliveryError.
Effect = Callable[[], None]
Handler = Callable[[Letter, datetime], Effect | None]

# Topic → handler, by name: handlers stand above this package, where facts are known.
TOPICS: Final[Mapping[str, str]] = MappingProxyType(
    {"back_channel_logout": "oauth_server.logout.back_channel.prepare", "mail": "oauth_server.mail.send.prepare"}
)
# What people wait for, sent by way of a server that operators chose. All else goes to addresses that clients chose, which may be
# slow on purpose: it has a lane of its own, and a password reset waits for none of it.
SWIFT: Final = ("mail",)
# What their rows hold is nobody's business once it is done, or given up.
FORGOTTEN: Final = frozenset({"mail"})


def handler(topic: str) -> Handler:
    """Who brings about the effects of a topic.

    Raises:
        DeliveryError: nobody; a newer version of the server may have written the row.
    """
    if topic not in TOPICS:
        raise DeliveryError("No handler is known for this topic.")
    found: Handler = import_string(TOPICS[topic])
    return found
