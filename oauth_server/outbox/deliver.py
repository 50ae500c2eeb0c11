"""Out of the outbox: claim what is due, bring it about, note what came of it.

At least once: a worker that dies between the effect and the note leaves a claim that runs out, and the effect comes again
under the same key. A claim outlives the slowest effect, so nobody delivers the same row at the same time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

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
        prepared = [_prepare(message, now) for message in batch]
        with ThreadPoolExecutor(len(batch), thread_name_prefix="outbox") as threads:
            outcomes = list(threads.map(_bring_about, prepared))
        for message, failure in zip(batch, outcomes, strict=True):
            _note(message, failure, clock())
    return tried


Prepared = Effect | Exception | None


def _prepare(message: OutboxMessage, now: datetime) -> Prepared:
    if message.attempts > settings.LIMITS.outbox_attempts:
        return DeliveryError("Whoever tried ended before it was done.")
    try:
        return handler(message.topic)(Letter(message.key, message.payload, message.created), now)
    except Exception as error:  # one row that cannot be prepared must not hold up the others
        return error


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


def _note(message: OutboxMessage, failure: Exception | None, now: datetime) -> None:
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
        if client_id and message.attempts >= _PATIENCE:
            OutboxMessage.objects.rest(message, due)
        return
    with transaction.atomic():
        if OutboxMessage.objects.abandon(message, now, sentence, forget=message.topic in FORGOTTEN):
            record(
                MessageAbandoned(client_id=client_id, topic=message.topic, attempts=message.attempts, detail=sentence)
            )
