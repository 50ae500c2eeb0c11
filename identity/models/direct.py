"""A statement by libpq itself (``psycopg.pq``), past Django's cursor and psycopg's: what stands on every request's way.

Measured on PostgreSQL for the look-up of a refresh token, 26 columns, in processor microseconds of this process: by Django's cursor and
its converters 120, of which psycopg's cursor is 75; by libpq 16, and 20 more for the values. Values go as text, whose type PostgreSQL
knows from where they stand, and come as what the ORM would have made of them.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
import psycopg
from psycopg import Binary, errors, pq
from psycopg.types.numeric import Int2, Int4, Int8

_TEXT: Final = 0
_BINARY: Final = 1
_OCTETS: Final = frozenset({bytes, Binary})
# The statement is gone (psycopg takes a rollback as a reason to forget whatever was prepared), or a column that it gives was changed
# by a migration beside us ("cached plan must not change result type").
_OUT_OF_DATE: Final = (errors.InvalidSqlStatementName, errors.FeatureNotSupported)
_FINE: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})

# By type's number in PostgreSQL (pg_type.dat). A type that is not here is a mistake that the first use shows.
_READ: Final[dict[int, Callable[[bytes], Any]]] = {
    16: lambda octets: octets == b"t",  # bool
    17: lambda octets: bytes.fromhex(octets[2:].decode()),  # bytea
    20: int,  # int8
    21: int,  # int2
    23: int,  # int4
    25: bytes.decode,  # text
    701: float,  # float8
    869: bytes.decode,  # inet
    1043: bytes.decode,  # varchar
    1082: lambda octets: date.fromisoformat(octets.decode()),  # date
    1184: lambda octets: datetime.fromisoformat(octets.decode()),  # timestamptz
    2950: lambda octets: uuid.UUID(octets.decode()),  # uuid
    3802: orjson.loads,  # jsonb
}


def _text(value: str) -> bytes:
    """To libpq a text ends at its first NUL: what follows would be lost in silence."""
    try:
        octets = value.encode()
    except UnicodeEncodeError as error:
        raise errors.DataError(str(error)) from error
    if b"\0" in octets:
        raise errors.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return octets


_WRITE: Final[dict[type, Callable[[Any], bytes | None]]] = {
    type(None): lambda _: None,
    str: _text,
    bytes: bytes,
    Binary: lambda value: bytes(value.obj),  # what Django's BinaryField makes of octets
    bool: lambda value: b"t" if value else b"f",
    # What Django makes of numbers, by the width of their column.
    **dict.fromkeys((int, Int2, Int4, Int8), lambda value: b"%d" % value),
    datetime: lambda value: value.isoformat().encode(),
    uuid.UUID: lambda value: value.hex.encode(),
    dict: orjson.dumps,
    list: orjson.dumps,
}


def _written(value: Any) -> bytes | None:
    """A parameter as PostgreSQL reads it; what derives from a type of the table (an enumeration of texts) goes as that type."""
    write = _WRITE.get(type(value))
    if write is None:
        write = next((known for kind, known in _WRITE.items() if isinstance(value, kind)), None)
        if write is None:
            raise TypeError(f"No parameter of a direct statement: {type(value).__name__}")
    return write(value)


def serves(connection: Any) -> bool:
    """Whether ``rows`` may be asked: PostgreSQL, outside of a transaction, and nobody listens to Django's cursor.

    Behind a pooler nothing is prepared, and psycopg's cursor is as good.
    """
    return (
        connection.vendor == "postgresql"
        and not connection.in_atomic_block
        and not connection.execute_wrappers
        and not connection.queries_logged
        and "prepare_threshold" in connection.settings_dict["OPTIONS"]
    )


def rows(connection: Any, sql: str, parameters: Sequence[Any]) -> list[list[Any]]:
    """Run a statement that commits by itself, prepared at its first use; its rows.

    Args:
        connection: one that ``serves`` vouches for.
        sql: with ``%s`` in the place of each parameter; never built from input.
        parameters: in their order.

    Raises:
        DatabaseError: Django's, as of any cursor.
    """
    connection.ensure_connection()
    formats = [_BINARY if type(value) in _OCTETS else _TEXT for value in parameters]
    with connection.wrap_database_errors:
        values = [_written(value) for value in parameters]
        found, readers = _run(connection, sql, values, formats)
        columns = tuple(enumerate(readers))
        get = found.get_value
        return [
            [None if (octets := get(row, column)) is None else read(octets) for column, read in columns]
            for row in range(found.ntuples)
        ]


class _Prepared(NamedTuple):
    """A statement of one connection to the database."""

    name: bytes
    readers: tuple[Callable[[bytes], Any], ...]


def _run(
    connection: Any, sql: str, values: Sequence[bytes | None], formats: Sequence[int]
) -> tuple[pq.abc.PGresult, tuple[Callable[[bytes], Any], ...]]:
    pgconn, known = connection.connection.pgconn, _known(connection)
    _check(pgconn)
    try:
        return _run_prepared(pgconn, known, sql, values, formats)
    except _OUT_OF_DATE:
        # Nothing has run. It is prepared anew, and whatever else was prepared beside it is when its turn comes.
        known.clear()
        return _run_prepared(pgconn, known, sql, values, formats)


def _run_prepared(
    pgconn: Any,  # whose annotations know no value that is NULL
    known: dict[str, _Prepared],
    sql: str,
    values: Sequence[bytes | None],
    formats: Sequence[int],
) -> tuple[pq.abc.PGresult, tuple[Callable[[bytes], Any], ...]]:
    statement = known.get(sql)
    if statement is None:
        statement = known[sql] = _prepare(pgconn, sql)
    result = pgconn.exec_prepared(statement.name, values, formats, _TEXT)
    if result.status in _FINE:
        return result, statement.readers
    _check(pgconn)
    raise errors.error_from_result(result)


def _check(pgconn: pq.abc.PGconn) -> None:
    if pgconn.status == pq.ConnStatus.BAD:
        raise errors.OperationalError("The connection to PostgreSQL was lost.")


def _known(connection: Any) -> dict[str, _Prepared]:
    """What is prepared on this connection to the database; the next one begins anew."""
    kept = connection.__dict__.get("prepared_directly")
    if kept is None or kept[0] is not connection.connection:
        kept = connection.__dict__["prepared_directly"] = (connection.connection, {})
    known: dict[str, _Prepared] = kept[1]
    return known


def _prepare(pgconn: pq.abc.PGconn, sql: str) -> _Prepared:
    first, *rest = sql.split("%s")
    numbered = first + "".join(f"${at}{part}" for at, part in enumerate(rest, 1))
    # Named by what it says: a name can never run another statement.
    name = b"direct_" + hashlib.sha256(numbered.encode()).hexdigest()[:32].encode()
    result = pgconn.prepare(name, numbered.encode())
    if isinstance(_failure(result), errors.DuplicatePreparedStatement):
        # Prepared before, and not remembered: what came next was cut off, or a column has changed since.
        pgconn.exec_(b"DEALLOCATE " + name)
        result = pgconn.prepare(name, numbered.encode())
    for done in (result, described := pgconn.describe_prepared(name)):
        if (failure := _failure(done)) is not None:
            raise failure
    return _Prepared(name, tuple(_READ[described.ftype(column)] for column in range(described.nfields)))


def _failure(result: pq.abc.PGresult) -> psycopg.Error | None:
    return None if result.status in _FINE else errors.error_from_result(result)
