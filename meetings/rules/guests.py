"""People as somebody writes them down or uploads them: addresses, and who of them presents. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from meetings.rules.plan import MOST_ATTENDEES, Guest, is_address, one_line

MOST_BYTES: Final = 256 * 1024
MOST_CELLS: Final = 50
LONGEST_CELL: Final = 1_000
MOST_PROBLEMS: Final = 20  # that are named; the others are counted
ADDRESS_HEADS: Final = frozenset({"address", "mail", "email", "e-mail", "e-mail address", "email address"})
ROLE_HEADS: Final = frozenset({"role", "rolle"})
ROLES: Final = {"": "attendee", "attendee": "attendee", "presenter": "presenter", "*": "presenter"}
WORDS: Final = frozenset(ROLES) - {""}
SHOWN: Final = 60  # characters of a cell that a problem repeats


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says: somebody, or what is wrong with it."""

    number: int
    guest: Guest | None = None
    problem: str = ""


def of_lines(written: str) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """Return who is named, one to a line, presenters behind an asterisk, and what is wrong, line by line.

    One of the two is empty.
    """
    lines = ((number, line.strip()) for number, line in enumerate(written.splitlines(), 1))
    rows = [(number, [line.lstrip("* "), "*" if line.startswith("*") else ""]) for number, line in lines if line]
    return _sorted_out(_judge(rows, 0, 1, "line"), "line")


def read(table: bytes) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """Return who is named in a CSV table and what is wrong with it, row by row; one of the two is empty.

    The first row may name the columns: an address and, if wanted, a role. Without names the first column that
    holds an address is theirs, and the next may be the role.
    """
    if len(table) > MOST_BYTES:
        return (), (f"The file is larger than {MOST_BYTES // 1024} KB.",)
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return (), (f"The file is no UTF-8 text: byte {error.start + 1} is none. Save it as CSV UTF-8.",)
    if "\x00" in text:
        return (), ("The file is no CSV table.",)
    rows, problem = _rows(text)
    return ((), (problem,)) if problem else _judged(rows)


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Return the rows that say something, with their numbers, or why there are none."""
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if len(cells) > MOST_CELLS or any(len(cell) > LONGEST_CELL for cell in cells):
                return (
                    [],
                    f"Row {reader.line_num} is too long: {MOST_CELLS} cells of {LONGEST_CELL} characters at most.",
                )
            if any(map(str.strip, cells)):
                found.append((reader.line_num, [one_line(cell).strip() for cell in cells]))
            if len(found) > MOST_ATTENDEES + 1:
                return [], f"At most {MOST_ATTENDEES} people are invited."
    except csv.Error as error:
        return [], f"Row {reader.line_num} is no CSV: {error}."
    return (found, "") if found else ([], "The file names nobody.")


def _delimiter(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=first.count)


def _judged(rows: Sequence[tuple[int, list[str]]]) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    heads = [cell.casefold() for cell in rows[0][1]]
    address = next((place for place, head in enumerate(heads) if head in ADDRESS_HEADS), None)
    if address is None:
        address = next((place for place, cell in enumerate(rows[0][1]) if is_address(cell)), 0)
        role = address + 1 if any(_role(cells, address + 1) in WORDS for _, cells in rows) else -1
    else:
        role = next((place for place, head in enumerate(heads) if head in ROLE_HEADS), -1)
        rows = rows[1:]
    guests, wrong = _sorted_out(_judge(rows, address, role, "row"), "row")
    return (guests, wrong) if guests or wrong else ((), ("The file names nobody.",))


def _sorted_out(judged: Iterable[Row], unit: str) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    rows = list(judged)
    wrong = [f"{unit.capitalize()} {row.number}: {row.problem}" for row in rows if row.problem]
    if len(wrong) > MOST_PROBLEMS:
        wrong[MOST_PROBLEMS:] = [f"{len(wrong) - MOST_PROBLEMS} more {unit}s are wrong."]
    return (() if wrong else tuple(row.guest for row in rows if row.guest)), tuple(wrong)


def _judge(rows: Sequence[tuple[int, list[str]]], address: int, role: int, unit: str) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for number, cells in rows:
        written = cells[address] if address < len(cells) else ""
        said = _role(cells, role)
        if not is_address(written):
            yield Row(number, problem=f"{written[:SHOWN] or 'nothing'} is no e-mail address.")
        elif said not in ROLES:
            yield Row(number, problem=f"{said[:SHOWN]} is no role: write attendee or presenter.")
        elif (first := seen.setdefault(written.casefold(), number)) != number:
            yield Row(number, problem=f"{written} is in {unit} {first} already.")
        else:
            yield Row(number, Guest(address=written, role=ROLES[said]))


def _role(cells: Sequence[str], place: int) -> str:
    return cells[place].casefold() if 0 <= place < len(cells) else ""
