"""Out of the outbox: claim what is due, bring it about, note what came of it.

At least once: a worker that dies between the effect and the note leaves a claim that runs out, and the effect comes again
under the same key. A claim outlives the slowest effect, so nobody delivers the same row at the same time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings
from django.db import transaction

from oauth_server.audit.events_outbox import MessageAbandoned, MessageDelivered
from oauth_server.audit.record import record
from oauth_server.models import OutboxMessage
from oauth_server.outbox.backoff import pause
from oauth_server.outbox.topics import FORGOTTEN, SWIFT, DeliveryError, Effect, HopelessError, Letter, handler

log = structlog.get_logger("gatehouse.outbox")

# Effects of each lane at the same time. Two tasks of these stay within what outbound.fetch does at once.
AT_ONCE: Final = 4
# Much longer than any effect takes; how long a dead worker's rows rest.
CLAIM: Final = timedelta(seconds=60)
# After so many failures of one row all that waits for its client rests as long: one try finds out as much as hundreds would.
_PATIENCE: Final = 3
# A failure that took so many seconds is one that keeps others waiting: then all of it rests at once.
_SLOW_SECONDS: Final = 2.0
# A task ends some time, so that the worker gets to its other work; the next one goes on.
_TASK_AT_MOST: Final = timedelta(seconds=60)

_chance: Final = random.SystemRandom()


def deliver_due(clock: Callable[[], datetime]) -> int:
    """Deliver what is due, until nothing is; answers how many rows were tried.

    Args:
        clock: aware UTC.
    """
    begun, tried = clock(), 0
    while (now := clock()) - begun < _TASK_AT_MOST:
        batch = [
            *OutboxMessage.objects.claim(now, now + CLAIM, AT_ONCE, SWIFT, others=False),
            *OutboxMessage.objects.claim(now, now + CLAIM, AT_ONCE, SWIFT),
        ]
        if not batch:
            break
        tried += len(batch)
        lines = _by_destination(batch, now)
        with ThreadPoolExecutor(len(lines), thread_name_prefix="outbox") as threads:
            outcomes = list(threads.map(_bring_about_in_turn, lines))
        for line, ends in zip(lines, outcomes, strict=True):
            for (message, _), outcome in zip(line, ends, strict=True):
                _note(message, outcome, clock())
    return tried


Prepared = Effect | Exception | None
Line = list[tuple[OutboxMessage, Prepared]]


class Outcome(NamedTuple):
    """What came of an effect: None for all is well; and whether a failure kept others waiting."""

    failure: Exception | None
    was_slow: bool = False


def _by_destination(batch: list[OutboxMessage], now: datetime) -> list[Line]:
    """What goes to one client stands in one line, so that it is one at a time that waits for that client's server."""
    lines: dict[tuple[str, Any], Line] = {}
    for message in batch:
        destination = (message.topic, message.payload.get("client_id") or message.pk)
        lines.setdefault(destination, []).append((message, _prepare(message, now)))
    return list(lines.values())


def _prepare(message: OutboxMessage, now: datetime) -> Prepared:
    if message.attempts > settings.LIMITS.outbox_attempts:
        return DeliveryError("Whoever tried ended before it was done.")
    try:
        return handler(message.topic)(Letter(message.key, message.payload, message.created), now)
    except Exception as error:  # one row that cannot be prepared must not hold up the others
        return error


def _bring_about_in_turn(line: Line) -> list[Outcome]:
    """One after the other; behind a slow failure nothing is tried, it would be the next."""
    outcomes: list[Outcome] = []
    for _, prepared in line:
        if outcomes and outcomes[-1].was_slow:
            outcomes.append(outcomes[-1])
            continue
        begun = time.monotonic()
        failure = _bring_about(prepared)
        outcomes.append(Outcome(failure, failure is not None and time.monotonic() - begun >= _SLOW_SECONDS))
    return outcomes


def _bring_about(prepared: Prepared) -> Exception | None:
    if isinstance(prepared, Exception):
        return prepared
    if prepared is None:
        return None
    try:
        prepared()
    except Exception as error:  # as above
        return error
    return None


def _note(message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    failure = outcome.failure
    client_id = str(message.payload.get("client_id", ""))
    if failure is None:
        with transaction.atomic():
            if OutboxMessage.objects.done(message.pk, now, forget=message.topic in FORGOTTEN):
                record(MessageDelivered(client_id=client_id, topic=message.topic, attempts=message.attempts))
        return
    expected = isinstance(failure, DeliveryError)
    # The text of an error that nobody foresaw may quote what must not be kept.
    sentence = str(failure) if expected else f"It failed: {type(failure).__name__}."
    log.warning(
        "outbox:message:failed",
        topic=message.topic,
        client_id=client_id,
        attempts=message.attempts,
        error=sentence,
        exc_info=None if expected else failure,
    )
    if message.attempts < settings.LIMITS.outbox_attempts and not isinstance(failure, HopelessError):
        due = now + pause(message.attempts, _chance.random())
        OutboxMessage.objects.postpone(message, due, sentence)
        if client_id and (outcome.was_slow or message.attempts >= _PATIENCE):
            OutboxMessage.objects.rest(message, due)
        return
    with transaction.atomic():
        if OutboxMessage.objects.abandon(message, now, sentence, forget=message.topic in FORGOTTEN):
            record(
                MessageAbandoned(client_id=client_id, topic=message.topic, attempts=message.attempts, detail=sentence)
            )
