"""A look-up written with the ORM and compiled once: Django's compiler takes several times as long as the statement.

Measured for a family with its person, sign-in and consent, processor microseconds on SQLite: compiled at every call 1,330; compiled
once and read as values 56, with an instance of the person 103.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models, router
from django.db.models import F

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


class _Compiled(Generic[RowT]):
    """One query on one connection: its SQL, where the parameters go, and how a row becomes values."""

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
        parameters = list(self.parameters)
        for at, value in zip(self.positions, values, strict=True):
            parameters[at] = value
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            row = cursor.fetchone()
        return None if row is None else converted(row, self.converters, connection)


class Prepared(Generic[RowT]):
    """A query for one row by one value, or by a few.

    Args:
        build: the query, of the values; a ``values_list`` that uses each once, as it is, in their order.
        fields: adapt the values to the database, as ``build`` would.
        samples: two different ones of each value.
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
        # A compiler belongs to a connection, and a connection to a thread.
        self._compiled = threading.local()

    def one(self, *values: Any) -> RowT | None:
        """The row, as the query would give it; one statement."""
        using = router.db_for_read(self._fields[0].model)
        connection = connections[using]
        compiled = getattr(self._compiled, using, None)
        if compiled is None:
            compiled = _Compiled[RowT](self._build, self._samples, using)
            setattr(self._compiled, using, compiled)
        adapted = (
            field.get_db_prep_value(value, connection, prepared=False)
            for field, value in zip(self._fields, values, strict=True)
        )
        row = compiled.one(adapted, connection)
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
