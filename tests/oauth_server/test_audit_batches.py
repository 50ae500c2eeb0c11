"""Successes are recorded in batches (docs/decisions/0003): cheap for whoever waits meanwhile, and nothing promised is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oauth_server.audit import record
from oauth_server.audit.events import FactsSuppressed, TokenIssued
from oauth_server.models import AuditEvent
from oauth_server.models.audit import AuditRow

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_flush() -> Iterator[None]:
    """Nobody but the test empties what waits."""
    record.forget()
    yield
    record.forget()


def test_a_row_has_the_columns_of_the_table() -> None:
    columns = [field.column for field in AuditEvent._meta.concrete_fields if not field.primary_key]
    assert sorted(AuditRow._fields) == sorted(columns)


def test_a_batch_is_one_statement_however_many_facts_it_holds(no_flush: None) -> None:
    """A statement a fact, or a thousand parameters, would hold the interpreter while requests wait."""
    for number in range(300):
        record.record_later(TokenIssued(client_id=f"client-{number}", grant_type="client_credentials", scope="a\tb\\c"))
    with CaptureQueriesContext(connection) as captured:
        assert record.flush() == 300
    writing = [query["sql"] for query in captured.captured_queries if "oauth_server_auditevent" in query["sql"]]
    assert len(writing) == 1
    stored = AuditEvent.objects.order_by("pk")
    assert [event.client_id for event in stored] == [f"client-{number}" for number in range(300)]
    assert stored[0].facts == {"grant_type": "client_credentials", "scope": "a\tb\\c"}


def test_a_row_that_the_database_refuses_keeps_no_other_from_it(no_flush: None) -> None:
    """Else everything recorded after it would wait for ever, and be dropped."""
    record.record_later(TokenIssued(client_id="before"))
    record.record_later(FactsSuppressed(client_id="odd", count=float("nan")))  # type: ignore[arg-type]  # no JSON (RFC 8259 §6)
    record.record_later(TokenIssued(client_id="after"))
    assert record.flush() == 2
    assert list(AuditEvent.objects.order_by("pk").values_list("client_id", flat=True)) == ["before", "after"]
    assert record.flush() == 0


def test_what_cannot_be_stored_now_is_stored_later_in_its_order(no_flush: None) -> None:
    """The database is away for a while."""
    for number in range(3):
        record.record_later(TokenIssued(client_id=f"client-{number}"))
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE "oauth_server_auditevent" RENAME TO "away"')
        assert record.flush() == 0
        cursor.execute('ALTER TABLE "away" RENAME TO "oauth_server_auditevent"')
    record.record_later(TokenIssued(client_id="client-3"))
    assert record.flush() == 4
    assert list(AuditEvent.objects.order_by("pk").values_list("client_id", flat=True)) == [
        "client-0", "client-1", "client-2", "client-3",
    ]  # fmt: skip
