"""What moves the outbox: on a nudge, and swept every few seconds."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from oauth_server.outbox.deliver import deliver_due


@shared_task(name="oauth_server.outbox.tasks.deliver", acks_late=True)
def deliver() -> None:
    """Deliver what is due; two at once share the rows between them."""
    deliver_due(timezone.now)
