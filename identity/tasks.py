"""The errands of this package; when they run stands in ``oauth_server.celery``."""

from __future__ import annotations

from typing import Final

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from identity.account.erase import carry_out_due

# More than that wait for the next run: a task ends some time.
_MOST_PEOPLE: Final = 50


@shared_task(name="identity.tasks.delete_people", ignore_result=True)
def delete_people() -> int:
    """Delete the accounts whose grace period is over; two at once delete nobody twice."""
    return carry_out_due(timezone.now(), most=_MOST_PEOPLE, size=settings.LIMITS.clean_up_batch)
