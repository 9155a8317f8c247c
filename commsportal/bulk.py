"""Write many rows of a model by one statement, without the cost that the ORM's `bulk_create` has for each value.

PostgreSQL gets one JSON document and unfolds it; SQLite runs one prepared statement for all rows. Values are
written as they are: validation, defaults of the database and signals have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper


def upsert(rows: Sequence[models.Model], unique: tuple[str, ...] = (), update: tuple[str, ...] = ()) -> None:
    """Insert `rows`, all of one model; where one meets the columns `unique`, write its columns `update` instead.

    Names are of fields. Rows must differ in `unique`; automatic keys are left to the database.
    """
    if not rows:
        return
    statement, values = _plan(type(rows[0]), unique, update, connection.vendor)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement, [orjson.dumps([values(row) for row in rows]).decode()])
        else:
            cursor.executemany(statement, [values(row) for row in rows])


@cache
def _plan(
    model: type[models.Model], unique: tuple[str, ...], update: tuple[str, ...], vendor: str
) -> tuple[str, Callable[[Any], Any]]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    columns = ", ".join(_column(field) for field in fields)
    head = f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) "
    tail = _on_conflict(model, unique, update)
    if vendor == "postgresql":
        return head + _unfolded(fields) + tail, _document(fields)
    return head + f"VALUES ({', '.join(['%s'] * len(fields))})" + tail, _parameters(fields)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _column(field: models.Field[Any, Any]) -> str:
    return _quoted(str(field.column))


def _on_conflict(model: type[models.Model], unique: tuple[str, ...], update: tuple[str, ...]) -> str:
    if not unique:
        return ""
    named = {name: _column(model._meta.get_field(name)) for name in (*unique, *update)}  # type: ignore[arg-type]
    sets = ", ".join(f"{named[name]} = excluded.{named[name]}" for name in update)
    return f" ON CONFLICT ({', '.join(named[name] for name in unique)}) DO UPDATE SET {sets}"


def _unfolded(fields: Sequence[models.Field[Any, Any]]) -> str:
    names = [f"v{index}" for index in range(len(fields))]
    typed = ", ".join(f"{name} {_type(field)}" for name, field in zip(names, fields, strict=True))
    return f"SELECT {', '.join(names)} FROM json_to_recordset(%s::json) AS new({typed})"  # noqa: S608


def _type(field: models.Field[Any, Any]) -> str:
    return str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection))


def _document(fields: Sequence[models.Field[Any, Any]]) -> Callable[[Any], dict[str, Any]]:
    names = [f"v{index}" for index in range(len(fields))]
    read = attrgetter(*(field.attname for field in fields))
    return lambda row: dict(zip(names, read(row), strict=True))


def _parameters(fields: Sequence[models.Field[Any, Any]]) -> Callable[[Any], list[Any]]:
    read = attrgetter(*(field.attname for field in fields))
    return lambda row: [_for_sqlite(value, connection) for value in read(row)]


def _for_sqlite(value: Any, database: BaseDatabaseWrapper) -> Any:
    if isinstance(value, datetime):
        return database.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, (dict, list)):
        return orjson.dumps(value).decode()
    return value
