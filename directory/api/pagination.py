"""Pages of people in the order of their names."""

from typing import Any

from django.db.models import Q
from rest_framework import exceptions
from rest_framework.request import Request

from commsportal.api import KeysetPagination, decode_cursor, encode_cursor


class ByName(KeysetPagination):
    """Like other lists, but ascending by (name, id)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page; `self.next` becomes the cursor of the page after it."""
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(_after(decode_cursor(cursor, 2)))
        rows = list(queryset.order_by("name", "id")[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        self.next = encode_cursor([rows[-1].name, rows[-1].pk]) if more else None
        return rows


def _after(values: list[str]) -> Q:
    name, pk = values
    if not (pk.isascii() and pk.isdecimal()) or len(pk) > 18 or "\0" in name:
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page, or leave it out."]})
    return Q(name__gt=name) | Q(name=name, id__gt=int(pk))
