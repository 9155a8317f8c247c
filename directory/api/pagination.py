"""Pages in the order of names, and of people in the order in which they are found."""

from itertools import dropwhile, islice
from typing import Any

from django.db.models import Q
from rest_framework import exceptions
from rest_framework.request import Request

from commsportal.api import KeysetPagination, decode_cursor, encode_cursor
from directory import search


class ByName(KeysetPagination):
    """Like other lists, but ascending by (name, id)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page; `self.next` becomes the cursor of the page after it."""
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(_behind(decode_cursor(cursor, 2)))
        rows = list(queryset.order_by("name", "id")[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        self.next = encode_cursor([rows[-1].name, rows[-1].pk]) if more else None
        return rows


def _behind(values: list[str]) -> Q:
    name, pk = values
    if not (pk.isascii() and pk.isdecimal()) or len(pk) > 18 or "\0" in name:
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page, or leave it out."]})
    return Q(name__gt=name) | Q(name=name, id__gt=int(pk))


class ByRank(KeysetPagination):
    """Like other lists, but of what a search finds, by rank and name; a page is primary keys."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page; `self.next` becomes the cursor of the page after it."""
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        after = _after(decode_cursor(cursor, 3)) if cursor else (-1, "", 0)
        found = list(islice(dropwhile(lambda one: search.place(one) <= after, queryset), limit + 1))
        more, found = len(found) > limit, found[:limit]
        self.next = encode_cursor(list(search.place(found[-1]))) if more else None
        return [entry.pk for _, entry in found]


def _after(values: list[str]) -> tuple[int, str, int]:
    rank, name, pk = values
    if not all(text.isascii() and text.isdecimal() and len(text) <= 18 for text in (rank, pk)):
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page, or leave it out."]})
    return int(rank), name, int(pk)
