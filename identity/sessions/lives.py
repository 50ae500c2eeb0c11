"""How long a sign-in lives: an absolute life since the person proved who they are, an idle life since they were last here."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

TOUCH_EVERY = timedelta(minutes=5)


def ends_at(since: datetime, last_seen: datetime) -> datetime:
    """When a sign-in is over if nobody comes back: whichever of the two lives is shorter.

    Args:
        since: when the absolute life began (``auth_time``).
        last_seen: when it was last used.
    """
    return min(
        since + timedelta(seconds=settings.LIFETIMES.session),
        last_seen + timedelta(seconds=settings.LIFETIMES.session_idle),
    )


def touch_is_due(last_seen: datetime, now: datetime) -> bool:
    """Is it time to write down that the sign-in is in use?

    Not at each request, or every page view would write two rows; a tenth of the idle life at most, or a short idle life
    would end under the hands of a busy person.
    """
    return now - last_seen >= min(TOUCH_EVERY, timedelta(seconds=settings.LIFETIMES.session_idle / 10))
