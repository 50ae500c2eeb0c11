"""A look-up written with the ORM and compiled once: Django's compiler takes several times as long as the statement.

Measured for a family with its person, sign-in and consent, processor microseconds on SQLite: compiled at every call 1,330; compiled
once and read as values 56, with an instance of the person 103.

On PostgreSQL threads ask ``together``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

from django.db import connections, models, router
from django.db.models import F

from identity.models import direct
from identity.models.together import Together

RowT = TypeVar("RowT")
ModelT = TypeVar("ModelT", bound=models.Model)

Converters = dict[int, tuple[list[Callable[..., Any]], Any]]


def converted(row: Iterable[Any], converters: Converters, connection: Any) -> list[Any]:
    """A row as the database gave it, with the values that the ORM would have made of it.

    Args:
        row: as fetched.
        converters: by column, as ``SQLCompiler.get_converters`` makes them.
        connection: that the row came from.
    """
    values = list(row)
    for at, (convert, expression) in converters.items():
        for one in convert:
            values[at] = one(values[at], expression, connection)
    return values


# Keys of one statement. The number of its parameters is fixed, so that PostgreSQL plans it once; places that stay empty hold a
# sample, which nobody has, and cost a microsecond.
_AT_ONCE: Final = 8


class _Compiled:
    """One query on one database: its SQL, where the parameters go, and how a row becomes values."""

    def __init__(
        self, build: Callable[..., models.QuerySet[Any, Any]], samples: tuple[Sequence[Any], Sequence[Any]], using: str
    ) -> None:
        first, second = (build(*sample).order_by().using(using).query.get_compiler(using) for sample in samples)
        self.sql, parameters = first.as_sql()
        _, others = second.as_sql()
        self.parameters = list(parameters)
        # Where two samples differ, there a parameter is, in the order of the values; everything else is part of the query.
        self.positions = [at for at, pair in enumerate(zip(parameters, others, strict=True)) if pair[0] != pair[1]]
        self.converters: Converters = first.get_converters([column for column, _, _ in first.select])

    def one(self, values: Iterable[Any], connection: Any) -> list[Any] | None:
        """The row for these values, or None."""
        parameters = list(self.parameters)
        for at, value in zip(self.positions, values, strict=True):
            parameters[at] = value
        return next(iter(_fetch(connection, self.sql, parameters, self.converters)), None)


def _fetch(connection: Any, sql: str, parameters: Sequence[Any], converters: Converters) -> list[list[Any]]:
    """Rows with the values that the ORM would have made of them."""
    if direct.serves(connection):
        return direct.rows(connection, sql, parameters)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [converted(row, converters, connection) for row in cursor.fetchall()]


class _Several:
    """A query by one value, asked for several of them in one statement; PostgreSQL's.

    Args:
        query: the query.
        kind: the value's type in the database.
    """

    def __init__(self, query: _Compiled, kind: str) -> None:
        (at,) = query.positions
        parts = query.sql.split("%s")
        before, after = "%s".join(parts[: at + 1]), "%s".join(parts[at + 1 :])
        # A cast to varchar(36) would cut a longer key, and find another's row.
        kind = "text" if kind.startswith("varchar") else kind
        places = ", ".join(f"({place}, %s::{kind})" for place in range(_AT_ONCE))
        # LIMIT keeps PostgreSQL from making one large join of it, which it might answer by reading whole tables.
        self._sql = (
            f"SELECT asked.place, found.* FROM (VALUES {places}) AS asked(place, key)"
            f" CROSS JOIN LATERAL ({before}asked.key{after} LIMIT 1) AS found"
        )
        self._converters = {column + 1: how for column, how in query.converters.items()}
        self._sample = query.parameters[at]
        self._others = [*query.parameters[:at], *query.parameters[at + 1 :]]

    def rows(self, keys: Sequence[Any], connection: Any) -> list[list[Any] | None]:
        """For each key its row, or None."""
        found: list[list[Any] | None] = [None] * len(keys)
        parameters = [*keys, *[self._sample] * (_AT_ONCE - len(keys)), *self._others]
        for place, *row in _fetch(connection, self._sql, parameters, self._converters):
            found[place] = row
        return found


class _Asked:
    """A query on one database, ready to be asked by any thread."""

    def __init__(self, query: _Compiled, kind: str | None, using: str) -> None:
        self.query = query
        self._using = using
        self._several = _Several(query, kind) if kind is not None and len(query.positions) == 1 else None
        self._together = Together(self._ask, _AT_ONCE) if self._several is not None else None

    def row(self, values: Sequence[Any], connection: Any) -> list[Any] | None:
        """The row for these values, or None; one statement, perhaps shared with others."""
        # Within a transaction only its own connection sees what it sees.
        if self._together is None or connection.in_atomic_block:
            return self.query.one(values, connection)
        return self._together.one(values[0])

    def _ask(self, keys: Sequence[Any]) -> list[list[Any] | None]:
        connection = connections[self._using]
        if self._several is None or len(keys) == 1:
            return [self.query.one((key,), connection) for key in keys]
        return self._several.rows(keys, connection)


class Prepared(Generic[RowT]):
    """A query for one row by one value, or by a few.

    Args:
        build: the query, of the values; a ``values_list`` that uses each once, as it is, in their order.
        fields: adapt the values to the database, as ``build`` would.
        samples: two different ones of each value, which no row has.
        shape: makes the answer of the row's values.
    """

    def __init__(
        self,
        build: Callable[..., models.QuerySet[Any, Any]],
        fields: Sequence[models.Field[Any, Any]],
        samples: tuple[Sequence[Any], Sequence[Any]],
        shape: Callable[[list[Any]], RowT],
    ) -> None:
        self._build = build
        self._fields = fields
        self._samples = samples
        self._shape = shape
        self._asked: dict[str, _Asked] = {}

    def one(self, *values: Any) -> RowT | None:
        """The row, as the query would give it; one statement."""
        using = router.db_for_read(self._fields[0].model)
        connection = connections[using]
        asked = self._asked.get(using)
        if asked is None:
            # Two threads may both compile it; either is good.
            query = _Compiled(self._build, self._samples, using)
            kind = self._fields[0].db_type(connection) if connection.vendor == "postgresql" else None
            asked = self._asked.setdefault(using, _Asked(query, kind, using))
        adapted = [
            field.get_db_prep_value(value, connection, prepared=False)
            for field, value in zip(self._fields, values, strict=True)
        ]
        row = asked.row(adapted, connection)
        return None if row is None else self._shape(row)


def attributes(model: type[models.Model], way: str = "") -> list[Any]:
    """What ``instance`` is made of, as arguments of ``values_list``.

    Args:
        model: whose columns.
        way: from the query's table to it, such as ``user__``.
    """
    return [F(f"{way}{field.attname}") for field in model._meta.concrete_fields]


def instance(model: type[ModelT], values: Sequence[Any]) -> ModelT:
    """A row of ``attributes`` as the ORM would give it."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(router.db_for_read(model), names, values)
