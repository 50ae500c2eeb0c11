"""Statements past the cursor give what the ORM gives, and fail as it fails."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.safestring import mark_safe

from identity.models import BrowserSession, LoginSession, User, direct, session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def on_postgresql() -> Iterator[None]:
    if connection.vendor != "postgresql":
        pytest.skip("libpq is PostgreSQL's")
    yield
    connection.close()


@pytest.fixture
def person() -> User:
    return User.objects.create_user("olena", "olena@example.org", None, name="Олена 'Ш'", birthdate=date(1990, 1, 2))


def stored(row: models.Model) -> list[Any]:
    columns = ", ".join(f'"{field.column}"' for field in row._meta.concrete_fields)
    key = row._meta.pk.column  # type: ignore[union-attr]
    (values,) = direct.rows(connection, f'SELECT {columns} FROM "{row._meta.db_table}" WHERE "{key}" = %s', [row.pk])
    return values


def test_rows_are_what_the_orm_makes_of_them(person: User) -> None:
    now = timezone.now()
    sign_in = LoginSession.objects.create(
        sid=str(uuid.uuid4()), user=person, browser="0" * 64, auth_time=now, acr="1", amr=["pwd", "é"],
        proofs=[{"way": "password", "at": 1.5, "amr": []}], ip_address="2001:db8::1", created=now.replace(microsecond=0),
        last_seen=now.replace(microsecond=120_000), expires=now + timedelta(days=1),
    )  # fmt: skip
    browser = BrowserSession.objects.create(session_key="k", session_data="{}", expire_date=now)
    for row in (person, sign_in, browser):
        kept = (
            type(row)
            ._base_manager.filter(pk=row.pk)
            .values_list(*(field.attname for field in row._meta.concrete_fields))
        )
        assert stored(row) == list(kept.get())


def test_parameters_of_every_kind_arrive() -> None:
    moment = datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=UTC)
    sent = [None, "'; --é", "", b"\0\xff", b"", True, False, -7, 2**40, moment, uuid.UUID(int=5), {"a": [1]}, []]
    kinds = (
        "text",
        "text",
        "text",
        "bytea",
        "bytea",
        "bool",
        "bool",
        "int",
        "bigint",
        "timestamptz",
        "uuid",
        "jsonb",
        "jsonb",
    )
    assert direct.rows(connection, "SELECT " + ", ".join(f"%s::{kind}" for kind in kinds), sent) == [sent]


def test_what_fails_fails_as_with_the_orm(person: User) -> None:
    with pytest.raises(IntegrityError):
        direct.rows(connection, "INSERT INTO identity_user (id) VALUES (%s)", [person.pk])
    with pytest.raises(DataError):
        direct.rows(connection, "SELECT 1 / %s::int", [0])
    assert direct.rows(connection, "SELECT %s::int", [1]) == [[1]]


def test_a_text_that_libpq_would_cut_short_is_refused() -> None:
    with pytest.raises(DataError):
        direct.rows(connection, "SELECT %s::text", ["olena\0@example.org"])


def test_what_derives_from_a_text_or_a_number_goes_as_one() -> None:
    class Word(enum.StrEnum):
        ONE = "one"

    class Number(enum.IntEnum):
        TWO = 2

    asked = [mark_safe("<b>"), Word.ONE, Number.TWO]
    assert direct.rows(connection, "SELECT %s::text, %s::text, %s::int", asked) == [["<b>", "one", 2]]


def test_a_statement_whose_answer_cannot_be_read_stands_in_nobodys_way() -> None:
    for _ in range(2):
        with pytest.raises(KeyError):
            direct.rows(connection, "SELECT point(1, 2)", [])
    assert direct.rows(connection, "SELECT %s::int", [1]) == [[1]]


def test_what_was_prepared_and_not_remembered_is_prepared_again() -> None:
    """A migration, or somebody who cancels, comes between the two halves of preparing a statement."""
    for number in (1, 2):
        assert direct.rows(connection, "SELECT %s::int", [number]) == [[number]]
        direct._known(connection).clear()


def test_a_migration_that_widens_a_column_goes_on_beside_a_running_process() -> None:
    """Scorecard K-06: a statement whose plan is out of date is prepared again, on the connection that is there."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE widened (a int, b varchar(10)); INSERT INTO widened VALUES (1, 'x')")
    try:
        for kind in ("text", "varchar(20)"):
            assert direct.rows(connection, "SELECT a, b FROM widened WHERE a = %s", [1]) == [[1, "x"]]
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE widened ALTER b TYPE {kind}")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE widened")


def test_a_key_that_is_too_long_is_nobodys_when_several_are_asked_for(person: User) -> None:
    now = timezone.now()
    sid = str(uuid.uuid4())
    LoginSession.objects.create(
        sid=sid, user=person, browser="0" * 64, auth_time=now, acr="1", created=now, last_seen=now, expires=now + timedelta(days=1),
    )  # fmt: skip
    assert LoginSession.objects.find(sid, now) is not None
    asked = session._SIGN_IN._asked["default"]
    assert [row is not None for row in asked._ask([sid, f"{sid}x"])] == [True, False]


def test_a_rollback_in_between_does_no_harm() -> None:
    """psycopg lets PostgreSQL forget everything that is prepared when it rolls back."""
    assert direct.rows(connection, "SELECT %s::int", [1]) == [[1]]
    with transaction.atomic():
        User.objects.count()
        transaction.set_rollback(True)
    assert direct.rows(connection, "SELECT %s::int", [2]) == [[2]]


def test_a_connection_that_ends_is_an_outage_and_the_next_one_begins_anew() -> None:
    (mine,) = direct.rows(connection, "SELECT pg_backend_pid()", [])
    with psycopg.connect(**{**connection.get_connection_params(), "autocommit": True}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", mine)
    with pytest.raises(OperationalError):
        direct.rows(connection, "SELECT pg_backend_pid()", [])
    connection.close_if_unusable_or_obsolete()
    assert direct.rows(connection, "SELECT pg_backend_pid()", []) != [mine]


def test_within_a_transaction_and_under_a_listener_django_is_asked() -> None:
    """Whoever counts statements counts all of them, and what a transaction wrote is seen."""
    assert direct.serves(connection)
    with transaction.atomic():
        assert not direct.serves(connection)
    with connection.execute_wrapper(lambda execute, *details: execute(*details)):
        assert not direct.serves(connection)
