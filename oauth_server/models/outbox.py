"""The outbox: a side effect is a row written with the fact; Celery only moves it (design rule 7)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

from django.db import connections, models, router, transaction
from django.db.models import Count, Min, Q

from oauth_server.models.statements import returning

_OPEN = Q(done_at=None, abandoned_at=None)
# One statement's parameters; those that are left over rest at the next failure.
_MOST_RESTING: Final = 1_000


class Standing(NamedTuple):
    """How many rows of one topic wait, how many of those have failed before, how many were given up; the oldest that waits."""

    topic: str
    waiting: int
    retrying: int
    abandoned: int
    oldest: datetime | None


class OutboxMessageManager(models.Manager["OutboxMessage"]):
    """Named queries about effects."""

    def put(self, topic: str, payloads: Iterable[Mapping[str, Any]], now: datetime) -> int:
        """Write effects down, due at once, in one statement; answers how many."""
        return len(
            self.bulk_create(
                [OutboxMessage(topic=topic, payload=dict(payload), created=now, due=now) for payload in payloads]
            )
        )

    def claim(
        self, now: datetime, until: datetime, most: int, topics: Collection[str] = (), *, others: bool = True
    ) -> list[OutboxMessage]:
        """Take due effects, the longest due first: until ``until`` nobody else gets them. One statement.

        A claim counts as a try, so that a row that kills its worker is given up some time like any other.

        Args:
            now: aware UTC.
            until: when the claim runs out.
            most: how many.
            topics: whose effects, or whose not.
            others: take those of all topics but these; False for these alone.
        """
        marks = ", ".join(["%s"] * len(topics))
        lane = f" AND topic {'NOT ' if others else ''}IN ({marks})" if topics else ""
        # Two workers would otherwise wait for each other's rows; SQLite lets one write at a time anyway.
        skip = (
            " FOR UPDATE SKIP LOCKED"
            if connections[router.db_for_write(OutboxMessage)].features.has_select_for_update_skip_locked
            else ""
        )
        rows = returning(
            OutboxMessage,
            # Materialized: a plan that asks the inner query twice would claim more than ``most``.
            "WITH due AS MATERIALIZED (SELECT id FROM {table} WHERE done_at IS NULL AND abandoned_at IS NULL AND due <= %s"
            f" AND (claimed_until IS NULL OR claimed_until <= %s){lane} ORDER BY due, id LIMIT %s{skip})"
            " UPDATE {table} SET claimed_until = %s, attempts = attempts + 1 WHERE id IN (SELECT id FROM due) RETURNING {columns}",
            now,
            now,
            *topics,
            most,
            until,
        )
        return sorted(rows, key=lambda row: (row.due, row.pk))

    def done(self, pk: int, now: datetime, *, forget: bool = False) -> bool:
        """Note that it was brought about; False when it was noted before. Whoever did it, it is done.

        Args:
            pk: of the row.
            now: when.
            forget: whether its payload is dropped.
        """
        gone: dict[str, Any] = {"payload": {}} if forget else {}
        return bool(self.filter(pk=pk, done_at=None).update(done_at=now, claimed_until=None, last_error="", **gone))

    def postpone(self, message: OutboxMessage, due: datetime, error: str) -> None:
        """Note a failure and when to try again; nothing when the claim ran out and somebody else tries already."""
        self.filter(_OPEN, pk=message.pk, attempts=message.attempts).update(
            due=due, claimed_until=None, last_error=error[:300]
        )

    def rest(self, message: OutboxMessage, due: datetime) -> int:
        """Let what else waits for the same client wait as long; answers how many rows that concerns.

        Rows that somebody else is at are left alone: two workers that waited for each other's would both fail.
        """
        same = self.filter(
            _OPEN,
            topic=message.topic,
            payload__client_id=message.payload["client_id"],
            due__lt=due,
            claimed_until=None,
        )
        with transaction.atomic():
            rows = list(same.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_MOST_RESTING])
            return self.filter(pk__in=rows).update(due=due)

    def abandon(self, message: OutboxMessage, now: datetime, error: str, *, forget: bool = False) -> bool:
        """Note that nobody will try again; False when somebody else was faster. ``forget``: as in ``done``."""
        gone: dict[str, Any] = {"payload": {}} if forget else {}
        return bool(
            self.filter(_OPEN, pk=message.pk, attempts=message.attempts).update(
                abandoned_at=now, claimed_until=None, last_error=error[:300], **gone
            )
        )

    def standing(self) -> list[Standing]:
        """How things stand, a row for each topic, in one statement."""
        counted = (
            self.filter(done_at=None)
            .values_list("topic")
            .annotate(
                waiting=Count("pk", filter=_OPEN),
                retrying=Count("pk", filter=_OPEN & ~Q(last_error="")),
                abandoned=Count("pk", filter=~Q(abandoned_at=None)),
                oldest=Min("created", filter=_OPEN),
            )
            .order_by("topic")
        )
        return [Standing(*row) for row in counted]


class OutboxMessage(models.Model):
    """One effect to bring about: ``topic`` names the handler, ``payload`` is JSON without secrets.

    ``key`` is the same at every try. ``claimed_until`` keeps others away while somebody tries; ``attempts`` counts claims and
    says whose claim it is.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    topic = models.CharField(max_length=60)
    payload = models.JSONField()
    created = models.DateTimeField()
    due = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[OutboxMessageManager] = OutboxMessageManager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index("due", name="outbox_due_idx", condition=_OPEN),
            models.Index("topic", "due", name="outbox_topic_due_idx", condition=_OPEN),
            models.Index("done_at", name="outbox_done_idx", condition=Q(done_at__isnull=False)),
            models.Index("abandoned_at", name="outbox_abandoned_idx", condition=Q(abandoned_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.pk}"
