"""Pages of what happened, in the order in which it did."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import exceptions
from rest_framework.request import Request

from audit.models import Entry
from commsportal.api import KeysetPagination, decode_cursor, encode_cursor


class BySequence(KeysetPagination):
    """Like other lists, but ascending by `seq`, and longer: a call's life is read as a whole."""

    page_size = 200
    max_page_size = 500

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Entry], request: Request, view: Any = None
    ) -> list[Entry]:
        """Return one page; `self.next` becomes the cursor of the page after it."""
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(seq__gt=_sequence(cursor))
        rows = list(queryset.order_by("seq")[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        self.next = encode_cursor([rows[-1].seq]) if more else None
        return rows


def _sequence(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page, or leave it out."]})
    return int(text)
