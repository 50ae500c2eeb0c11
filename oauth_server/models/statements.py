"""One hand-written statement on PostgreSQL and SQLite alike: parameters adapted, rows typed by the model's own fields.

The ORM has no ``UPDATE … RETURNING``, which is what spends a single-use thing safely: of two processes exactly one gets
the row back.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connections, models, router

ModelT = TypeVar("ModelT", bound=models.Model)


def _adapt(connection: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, uuid.UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return value


def returning(model: type[ModelT], sql: str, *parameters: Any) -> list[ModelT]:
    """Run ``UPDATE``/``INSERT``/``DELETE … RETURNING *`` and give the rows back as instances.

    Args:
        model: whose table it is; ``{table}`` in ``sql`` becomes its quoted name.
        sql: the statement with ``%s`` placeholders; never built from input.
        parameters: datetimes, UUIDs, lists and dicts are adapted to the database.
    """
    using = router.db_for_write(model)
    connection = connections[using]
    statement = sql.format(table=connection.ops.quote_name(model._meta.db_table))
    return list(model._default_manager.using(using).raw(statement, [_adapt(connection, value) for value in parameters]))


@lru_cache(maxsize=64)
def _insert(model: type[models.Model], rows: int) -> tuple[str, tuple[Any, ...]]:
    """The statement for that many rows, and the fields in its order; an automatic key is left to the database."""
    fields = tuple(field for field in model._meta.local_concrete_fields if not isinstance(field, models.AutoField))
    columns = ", ".join(f'"{field.column}"' for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {", ".join([one] * rows)}', fields


def insert(*instances: models.Model) -> None:
    """Write new rows of one table with one statement, compiled once.

    What ``save(force_insert=True)`` does, less signals and less compiling, which costs several times the statement itself.
    """
    model = type(instances[0])
    connection = connections[router.db_for_write(model)]
    statement, fields = _insert(model, len(instances))
    values = [
        field.get_db_prep_save(field.pre_save(instance, add=True), connection)
        for instance in instances
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    for instance in instances:
        instance._state.adding = False
        instance._state.db = connection.alias
