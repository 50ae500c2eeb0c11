"""Write an event: one row, one count, one log line.

``record`` writes in the transaction of the caller, so the fact and what it tells of are committed together. ``record_later``
is for successes on the hot path whose own rows (or signed tokens) are the proof: the log line is written at once, the row
follows within a second, many in one statement. Of a flood of facts most rows give way to a count (``flood``).
"""

from __future__ import annotations

import atexit
import json
import threading
from collections import deque
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, close_old_connections, transaction
from django.utils import timezone

from identity.sign_in.throttle import Guess
from oauth_server.audit import context, metrics
from oauth_server.audit.events import Event, FactsSuppressed
from oauth_server.audit.flood import Fact, Flood, Limits
from oauth_server.models import AuditEvent
from oauth_server.models.audit import AuditRow

_log = structlog.get_logger("gatehouse.audit")

# Ten small batches a second rather than one large: what is written holds the interpreter while requests wait for it.
FLUSH_SECONDS: Final = 0.1
_MOST_WAITING: Final = 5_000
# Rows a transaction: SQLite keeps every other writer out meanwhile.
_ROWS: Final = 500
_waiting: deque[AuditRow] = deque()
_flushing = threading.Lock()
_stop = threading.Event()
_flood: Final = Flood()


def _row(event: Event, at: datetime) -> AuditRow:
    who = context.current()
    facts = event.facts()
    metrics.count(event.name, event.result)
    log = _log.warning if event.suspicious else _log.info
    log(
        event.name,
        result=event.result,
        client_id=event.client_id,
        user=event.user,
        family=event.family,
        ip_address=who.ip_address,
        request_id=who.request_id,
        **facts,
    )
    return AuditRow(
        name=event.name,
        at=at,
        result=event.result,
        client_id=event.client_id[:255],
        user=event.user,
        family=event.family,
        ip_address=who.ip_address,
        request_id=who.request_id,
        suspicious=event.suspicious,
        facts=json.dumps(facts),
    )


def _is_one_too_many(row: AuditRow, event: Event) -> bool:
    # What ended something happens once for each thing that it ended, and its owner must find it.
    if not settings.THROTTLES or event.ended_something:
        return False
    limits = settings.LIMITS
    network = Guess("", row.ip_address).part("address") if row.ip_address and row.result == "failure" else ""
    fact = Fact(row.name, row.result, network, row.client_id, row.user)
    bounds = Limits(limits.audited_refusals_per_address, limits.audited_refusals, limits.audited_successes)
    return not _flood.admits(fact, bounds, row.at, row.family)


def record(event: Event) -> None:
    """Record a fact now, in the caller's transaction."""
    row = _row(event, timezone.now())
    if not _is_one_too_many(row, event):
        AuditEvent.objects.append([row])


def record_later(event: Event) -> None:
    """Record a success soon: logged and counted now, stored with the next batch."""
    row = _row(event, timezone.now())
    if _is_one_too_many(row, event):
        return
    _waiting.append(row)
    # One request pays when the flusher falls behind; the others do not queue for it, since the database may be away.
    if len(_waiting) >= _MOST_WAITING and not _flushing.locked():
        flush()


def _note_suppressed(now: datetime | None) -> None:
    for each in _flood.take(now):
        fact = each.fact
        told = FactsSuppressed(
            client_id=fact.client_id, user=fact.user, kind=fact.name, address=fact.address, count=each.count
        )
        _waiting.append(_row(told, now or timezone.now()))


def flush(*, ending: bool = False) -> int:
    """Store what waits, in short transactions; answers how many. What cannot be stored goes on waiting.

    Args:
        ending: the process ends, and with it the minute whose suppressed facts are being counted.
    """
    with _flushing:
        _note_suppressed(None if ending else timezone.now())
        stored, alone = 0, 0
        while _waiting:
            batch = [_waiting.popleft() for _ in range(1 if alone else min(_ROWS, len(_waiting)))]
            alone = max(0, alone - 1)
            try:
                with transaction.atomic():
                    AuditEvent.objects.append(batch)
            except (DataError, IntegrityError, UnicodeError):
                # One row that the database will not have must not keep the others from it.
                if len(batch) > 1:
                    alone = len(batch)
                    _waiting.extendleft(reversed(batch))
                else:
                    _log.exception("audit:row:refused", kind=batch[0].name)
            except DatabaseError:
                _keep(batch)
                break
            else:
                stored += len(batch)
        return stored


def _keep(batch: list[AuditRow]) -> None:
    if len(_waiting) + len(batch) <= 2 * _MOST_WAITING:
        _waiting.extendleft(reversed(batch))
    else:
        _log.error("audit:buffer:dropped", count=len(batch))


def forget() -> None:
    """Drop what waits: between tests, whose rows are rolled back anyway."""
    _waiting.clear()
    _flood.forget()


def _run() -> None:
    while not _stop.wait(FLUSH_SECONDS):
        try:
            close_old_connections()
            flush()
        except Exception:  # whatever it was, the next batch must not wait for a thread that has died
            _log.exception("audit:flush:failed")
    flush(ending=True)


def start() -> None:
    """Start this process's flusher; web processes call it once, and what waits is stored when they end."""
    thread = threading.Thread(target=_run, name="audit-flusher", daemon=True)
    thread.start()

    def finish() -> None:
        _stop.set()
        thread.join(timeout=5)

    atexit.register(finish)
