"""What PostgreSQL says of a moment is that moment, in UTC, whatever the connection's time zone (``models/timestamps.py``)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DataError, connection

from oauth_server.models.timestamps import Loader

MOMENTS = (
    datetime(2026, 11, 24, 19, 11, 56, 188467, UTC),
    datetime(2026, 11, 24, 19, 11, 56, 100000, UTC),
    datetime(2026, 11, 24, 19, 11, 56, 1, UTC),
    datetime(2026, 11, 24, 19, 11, 56, tzinfo=UTC),
    # Before time zones there was local mean time, with seconds.
    datetime(1850, 1, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=53, seconds=28))),
    datetime(9999, 12, 30, 23, 59, 59, 999999, UTC),
    datetime(1, 1, 3, tzinfo=UTC),
)


@pytest.fixture
def postgresql(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no timestamps.")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
def test_a_moment_comes_back_as_itself_in_utc(postgresql: None, zone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        cursor.execute(f"SELECT {', '.join(['%s::timestamptz'] * len(MOMENTS))}", MOMENTS)
        read = cursor.fetchone()
    assert read == MOMENTS
    assert {moment.tzinfo for moment in read} == {UTC}


def test_every_connection_reads_them_so(postgresql: None) -> None:
    with connection.cursor() as cursor:
        assert issubclass(cursor.adapters.get_loader(connection.Database.adapters.types["timestamptz"].oid, 0), Loader)


@pytest.mark.parametrize("odd", ["infinity", "-infinity", "2026-11-24 BC", "20000-01-01"])
def test_what_is_no_moment_of_pythons_is_an_error_and_no_other_moment(postgresql: None, odd: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [odd])
        with pytest.raises(DataError, match="timestamp"):
            cursor.fetchone()
