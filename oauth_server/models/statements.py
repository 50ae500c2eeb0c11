"""One hand-written statement on PostgreSQL and SQLite alike: parameters adapted, rows typed by the model's own fields.

The ORM has no ``UPDATE … RETURNING``, which is what spends a single-use thing safely: of two processes exactly one gets
the row back.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
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
