"""Keyset pages for the call list, by the API's cursors: any depth costs the same, a new call shifts nothing."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from calls.models import Call
from commsportal.api import after, decode_cursor, encode_cursor

PAGE_SIZE = 50
KEYSET = ("received_at", "id")


@dataclass(frozen=True)
class Page:
    """One page of calls; `cursor` names the last row when more follow."""

    rows: list[Call]
    cursor: str

    def next_query(self, asked: dict[str, str]) -> str:
        """Return the query string of the next page, empty when this is the last."""
        return "?" + urlencode({**asked, "cursor": self.cursor}) if self.cursor else ""


def newest_first(calls: QuerySet[Call], cursor: str, size: int = PAGE_SIZE) -> Page:
    """Return the page of `calls` after `cursor`; what is no cursor starts at the newest."""
    ordered = behind(calls, cursor).order_by(*(f"-{name}" for name in KEYSET))
    rows = list(ordered[: size + 1])
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], encode_cursor([getattr(last, name) for name in KEYSET]) if last else "")


def behind(calls: QuerySet[Call], cursor: str) -> QuerySet[Call]:
    """Return the calls behind `cursor`, all of them when it names no row."""
    if not cursor:
        return calls
    try:
        return after(calls, KEYSET, decode_cursor(cursor, len(KEYSET)))
    except ValidationError:
        return calls
