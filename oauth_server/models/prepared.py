"""A look-up written with the ORM and compiled once: Django's compiler takes several times as long as the statement.

Measured for a family with its person, sign-in and consent, CPU microseconds on SQLite: compiled at every call 760, compiled once
200.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connections, models, router
from django.db.models.query import get_related_populators

ModelT = TypeVar("ModelT", bound=models.Model)


class _Compiled(Generic[ModelT]):
    """One query on one connection: its SQL, where the parameter goes, and how a row becomes an instance."""

    def __init__(self, build: Callable[[Any], models.QuerySet[ModelT]], samples: tuple[Any, Any], using: str) -> None:
        first, second = (build(sample).order_by().using(using).query.get_compiler(using) for sample in samples)
        self.sql, parameters = first.as_sql()
        _, others = second.as_sql()
        # Where two samples differ, there the parameter is; everything else is part of the query.
        self.parameters = list(parameters)
        self.positions = [at for at, pair in enumerate(zip(parameters, others, strict=True)) if pair[0] != pair[1]]
        self.compiler = first
        self.converters = first.get_converters([column for column, _, _ in first.select])
        info = first.klass_info
        self.model: type[ModelT] = info["model"]
        self.columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        self.names = [column.target.attname for column, _, _ in first.select[self.columns]]
        self.related = get_related_populators(info, first.select, using)  # type: ignore[call-arg]  # the stubs are of Django 6

    def one(self, value: Any, using: str) -> ModelT | None:
        parameters = list(self.parameters)
        for at in self.positions:
            parameters[at] = value
        with connections[using].cursor() as cursor:
            cursor.execute(self.sql, parameters)
            row = cursor.fetchone()
        if row is None:
            return None
        (row,) = self.compiler.apply_converters([row], self.converters)
        instance = self.model.from_db(using, self.names, row[self.columns])
        for populator in self.related:
            populator.populate(row, instance)
        for name, at in self.compiler.annotation_col_map.items():
            setattr(instance, name, row[at])
        return instance


class Prepared(Generic[ModelT]):
    """A query for one row by one value.

    Args:
        build: the query, of a value; it must use the value as it is.
        field: adapts a value to the database, as ``build`` would.
        samples: two different values of that kind.
    """

    def __init__(
        self, build: Callable[[Any], models.QuerySet[ModelT]], field: models.Field[Any, Any], samples: tuple[Any, Any]
    ) -> None:
        self._build = build
        self._field = field
        self._samples = samples
        # A compiler belongs to a connection, and a connection to a thread.
        self._compiled = threading.local()

    def one(self, value: Any) -> ModelT | None:
        """The row, as the query would give it; one statement."""
        using = router.db_for_read(self._field.model)
        compiled = getattr(self._compiled, using, None)
        if compiled is None:
            compiled = _Compiled(self._build, self._samples, using)
            setattr(self._compiled, using, compiled)
        return compiled.one(self._field.get_db_prep_value(value, connections[using], prepared=False), using)
