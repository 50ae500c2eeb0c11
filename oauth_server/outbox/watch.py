"""How the outbox stands, for operators' graphs: asked at the scrape, since the worker that delivers is another process."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError, InterfaceError

from oauth_server.audit import metrics
from oauth_server.models import OutboxMessage


def measure(now: datetime) -> None:
    """Set the gauges; without a database there are none, and the other numbers still come."""
    metrics.OUTBOX.clear()
    metrics.OUTBOX_OLDEST.clear()
    try:
        standing = OutboxMessage.objects.standing()
    except (DatabaseError, InterfaceError):
        return
    for row in standing:
        metrics.OUTBOX.labels(row.topic, "waiting").set(row.waiting)
        metrics.OUTBOX.labels(row.topic, "retrying").set(row.retrying)
        metrics.OUTBOX.labels(row.topic, "abandoned").set(row.abandoned)
        if row.oldest is not None:
            metrics.OUTBOX_OLDEST.labels(row.topic).set((now - row.oldest).total_seconds())
