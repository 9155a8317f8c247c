"""Tables for spreadsheets, CSV and XLSX: whatever strangers wrote, no text of theirs is a formula.

Numbers are numbers. All else is text: instants in ISO 8601 with their offset, which every program reads alike.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from unicodedata import category

from django.http import HttpResponse
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

Cell = str | int | float | datetime | None

LONGEST_TEXT: Final = 32_767  # characters of a cell in XLSX
LONGEST_NAME: Final = 31  # of a sheet
BOM: Final = "\ufeff"  # without it Excel takes UTF-8 for an old code page
MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_SIGNS: Final = "=+-@＝＋－＠"  # the wide ones are taken for the narrow by some programs
_BREAKS: Final = "\t\r\n\0"
# Where Excel separates by semicolons, or somebody splits by tabs, a new cell begins within ours.
_INSIDE: Final = re.compile(rf"(?<=[;|{_BREAKS}])(?=\s*[{_SIGNS}])")
_BAD_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class Sheet:
    """One table: `rows` have a cell for each of `columns`."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before what would begin one."""
    text = _INSIDE.sub("'", text)
    return f"'{text}" if text.startswith(tuple(_BREAKS)) or _first(text) in _SIGNS else text


def _first(text: str) -> str:
    """Return the first character that shows, a space if there is none."""
    return next((one for one in text if not one.isspace() and category(one) not in ("Cc", "Cf")), " ")


def csv_of(sheet: Sheet) -> bytes:
    """Return a table as RFC 4180 has it, every text in quotes, in UTF-8 with its mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([_plain(cell) for cell in row])
    return (BOM + text.getvalue()).encode("utf-8", "replace")


def xlsx_of(*sheets: Sheet) -> bytes:
    """Return tables as one workbook, a sheet each; rows go to disk while it is written."""
    whole = io.BytesIO()
    options = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with Workbook(whole, {"constant_memory": True, **options}) as book:
        bold = book.add_format({"bold": True})
        for sheet in sheets:
            page = book.add_worksheet(_BAD_IN_NAMES.sub(" ", sheet.name)[:LONGEST_NAME])
            page.freeze_panes(1, 0)
            for column, title in enumerate(sheet.columns):
                page.write_string(0, column, title, bold)
            for number, row in enumerate(sheet.rows, 1):
                _write(page, number, row)
    return whole.getvalue()


def _write(page: Worksheet, number: int, row: Sequence[Cell]) -> None:
    for column, cell in enumerate(map(_plain, row)):
        if isinstance(cell, str):
            page.write_string(number, column, cell.encode("utf-8", "replace").decode()[:LONGEST_TEXT])
        else:
            page.write_number(number, column, cell)


def _plain(cell: Cell) -> str | int | float:
    """Return a cell as a number or as text that is no formula.

    :raises ValueError: an instant without an offset could be any time.
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise ValueError("An instant in a table needs an offset.")
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, str):
        return neutral(cell)
    return int(cell) if cell == int(cell) else cell


def attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    """Return a table as a file to keep.

    :param name: without its ending: letters, digits and dashes.
    :param kind: `csv` or `xlsx`.
    """
    disposition = f'attachment; filename="{name}.{kind}"'
    return HttpResponse(content, MEDIA_TYPES[kind], headers={"Content-Disposition": disposition})
