"""`x IN (...)` for long lists: one parameter instead of hundreds that the ORM and psycopg go through singly."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler


def among(field: str, values: Collection[object]) -> Q:
    """Return the condition that `field` is one of `values`; fit for `filter` and `exclude`."""
    return Q(_Among(F(field), list(values)))


class _Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        left, parameters = self.process_lhs(compiler, connection)
        field = self.lhs.output_field
        values = [field.get_db_prep_value(value, connection) for value in self.rhs]
        if connection.vendor == "postgresql":
            return f"{left} = ANY(%s)", [*parameters, values]
        unfolded = "IN (SELECT value FROM json_each(%s))"
        return f"{left} {unfolded}", [*parameters, orjson.dumps(values).decode()]
