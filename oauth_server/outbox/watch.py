"""How the outbox stands, for operators' graphs: asked at the scrape, since the worker that delivers is another process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from oauth_server.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Standing(Collector):
    """The gauges of one moment; without a database there are none, and the other numbers still come."""

    now: datetime

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database."""
        try:
            standing = OutboxMessage.objects.standing()
        except (DatabaseError, InterfaceError):
            return
        messages = GaugeMetricFamily(
            "gatehouse_outbox_messages", "Effects that are not done, by topic and state.", labels=["topic", "state"]
        )
        oldest = GaugeMetricFamily(
            "gatehouse_outbox_oldest_seconds", "Age of the oldest effect that waits.", labels=["topic"]
        )
        for row in standing:
            messages.add_metric([row.topic, "waiting"], row.waiting)
            messages.add_metric([row.topic, "retrying"], row.retrying)
            messages.add_metric([row.topic, "abandoned"], row.abandoned)
            if row.oldest is not None:
                oldest.add_metric([row.topic], (self.now - row.oldest).total_seconds())
        yield messages
        yield oldest
