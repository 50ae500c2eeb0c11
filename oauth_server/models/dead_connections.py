"""A connection that PostgreSQL has closed is noticed before it is used.

Connections are kept between requests. After a restart of the database each of them is dead, and each would fail one
request, long after the database is back. An idle connection has nothing to say, so one that can be read has been closed: that
costs a system call to find out, where Django's CONN_HEALTH_CHECKS costs a round trip.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.core.signals import request_started
from django.db import connections
from django.dispatch import receiver


@receiver(request_started, dispatch_uid="close-dead-connections")
def close_dead_connections(**_: Any) -> None:
    """Close this thread's PostgreSQL connections that were closed from the other side; the next statement opens new ones."""
    for connection in connections.all(initialized_only=True):
        _close_if_dead(connection)


def look_after_connections() -> None:
    """What Django does between two requests, for requests that do not pass its handler: no broken connection is used again."""
    for connection in connections.all(initialized_only=True):
        _close_if_dead(connection)
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


def _close_if_dead(connection: Any) -> None:
    if connection.vendor != "postgresql" or connection.connection is None or connection.in_atomic_block:
        return
    if _has_something_to_say(connection.connection):
        connection.close()


def _has_something_to_say(connection: Any) -> bool:
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
    except (OSError, ValueError, psycopg.Error):
        return True
    return bool(poll.poll(0))
