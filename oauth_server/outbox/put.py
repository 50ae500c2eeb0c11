"""Into the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from oauth_server.models import OutboxMessage
from oauth_server.outbox import nudge


def put(topic: str, payloads: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Write effects down, in the caller's transaction and one statement; answers how many.

    Delivery begins as soon as that transaction is committed, in another process: whoever waits for the caller does not wait
    for it.

    Args:
        topic: a key of ``TOPICS``.
        payloads: JSON without secrets, one for each effect.
        now: the moment of the fact.
    """
    count = OutboxMessage.objects.put(topic, payloads, now)
    if count:
        transaction.on_commit(nudge.soon, robust=True)
    return count
