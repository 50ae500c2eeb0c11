"""Clean-up: what can no longer be used is deleted, in batches small enough that nobody waits for them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from oauth_server.models.clean_up import RULES, delete_batch

# Between two batches others get the database to themselves.
_PAUSE_SECONDS: Final = 0.05
_MOST_BATCHES: Final = 1_000


def sweep(now: datetime, *, batches: int = _MOST_BATCHES, pause: float = _PAUSE_SECONDS) -> dict[str, int]:
    """Delete what is past its time; answers how many rows of each table went.

    Args:
        now: the moment of the sweep.
        batches: the most statements a table.
        pause: seconds between two statements.
    """
    deleted: dict[str, int] = {}
    for rule in RULES:
        total, after = 0, None
        for _ in range(batches):
            count, after = delete_batch(rule, now, settings.LIMITS.clean_up_batch, after)
            total += count
            if count < settings.LIMITS.clean_up_batch:
                break
            time.sleep(pause)
        deleted[rule.name] = total
    return deleted


@shared_task(name="oauth_server.tokens.tasks.clean_up", ignore_result=True)
def clean_up() -> dict[str, int]:
    """The beat's call of ``sweep``; running twice at once deletes nothing twice."""
    return sweep(timezone.now())
