"""An account ends: asked for, kept after all, or carried out. Who signs in before its time is over keeps it.

Carrying it out is many short statements. The first one shuts the person out for good and tells everybody; the last one deletes
the person's row. A process that dies between any two of them leaves work that the next run goes on with.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from identity.models import User, personal
from identity.sessions.end import end_all
from identity.signals import deletion_cancelled, deletion_requested, person_erased, person_leaves

REQUESTED: Final = "deletion_requested"
# Between two batches others get the database to themselves.
_PAUSE_SECONDS: Final = 0.02


def ask(user: User, now: datetime, *, at_once: bool = False) -> datetime:
    """The account is to be deleted: every sign-in ends now, the rest when the grace period is over; answers when that is.

    Args:
        user: whose.
        now: aware UTC.
        at_once: without a grace period.
    """
    due = now if at_once else now + timedelta(seconds=settings.LIFETIMES.deletion_grace)
    with transaction.atomic():
        User.objects.doom(user, due)
        end_all(user, now, REQUESTED)
        deletion_requested.send(sender=User, user=user, due=due)
    return due


def keep(user: User) -> bool:
    """The person came back in time; False when nobody was to be deleted, or it has begun."""
    with transaction.atomic():
        if not User.objects.spare(user):
            return False
        deletion_cancelled.send(sender=User, user=user)
    return True


def is_last_operator(user: User) -> bool:
    """Whether nobody could run this server without them."""
    return user.is_superuser and not User.objects.other_operators(user)


def carry_out(user: User, now: datetime, *, size: int, pause: float = _PAUSE_SECONDS) -> None:
    """Delete a person whose time is over.

    Args:
        user: whose; ``deletion_due`` has passed.
        now: aware UTC.
        size: the most rows a statement.
        pause: seconds between two statements.
    """
    with transaction.atomic():
        # Of two workers, and of a worker and a sign-in that would keep the account, exactly one is first.
        if User.objects.begin_erasure(user, now):
            end_all(user, now, "account_deleted")
            person_leaves.send(sender=User, user=user)
    if not User.objects.is_being_erased(user):
        return
    personal.forget_traces(user)
    for holding in personal.holdings():
        if holding.scrub is not None:
            holding.scrub(user.pk, size)
        if holding.model is User or not holding.goes:
            continue
        while personal.erase_batch(holding, user.pk, size) == size:
            time.sleep(pause)
    person_erased.send(sender=User, user=user)
    User.objects.erase(user)


def carry_out_due(now: datetime, *, most: int, size: int) -> int:
    """Delete the people whose time is over, longest over first; answers how many.

    Args:
        now: aware UTC.
        most: people in one run.
        size: the most rows a statement.
    """
    doomed = User.objects.doomed(now, most)
    for user in doomed:
        carry_out(user, now, size=size)
    return len(doomed)
