"""The outbox: a side effect is a row written with the fact; Celery only moves it (design rule 7)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class OutboxMessage(models.Model):
    """One effect to bring about: ``topic`` names the handler, ``payload`` is JSON without secrets."""

    topic = models.CharField(max_length=60)
    payload = models.JSONField()
    created = models.DateTimeField()
    due = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index("due", name="outbox_due_idx", condition=models.Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.pk}"
