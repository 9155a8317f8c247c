"""Tables of people: every bad row is named, and one bad row keeps everybody out."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.rules.guests import LONGEST_CELL, MOST_BYTES, MOST_PROBLEMS, of_lines, read
from meetings.rules.plan import MOST_ATTENDEES, Guest

pytestmark = pytest.mark.control("E5")
ANA, BEN = Guest(address="ana@fabrikam.example"), Guest(address="ben@fabrikam.example", role="presenter")


@pytest.mark.parametrize(
    "table",
    [
        "ana@fabrikam.example\nben@fabrikam.example,presenter\n",
        "ana@fabrikam.example;\r\nben@fabrikam.example;Presenter\r\n",
        "\ufeffE-mail\tRole\nana@fabrikam.example\tattendee\n\n ben@fabrikam.example \t*\n",
        '"role","name","address"\n"","Ana, Dr.","ana@fabrikam.example"\n'
        '"presenter","Ben","ben@fabrikam.example"\n',
    ],
)
def test_people_are_read_however_a_table_is_written(table: str) -> None:
    assert read(table.encode()) == ((ANA, BEN), ())


def test_columns_beside_addresses_are_no_roles_unless_they_say_so() -> None:
    assert read(b"Ana,ana@fabrikam.example,Sales\nBen,ben@fabrikam.example,Clinic\n") == (
        (ANA, Guest(address=BEN.address)),
        (),
    )


def test_every_bad_row_is_named_and_nobody_is_taken() -> None:
    guests, problems = read(b"address,role\nana@fabrikam.example,boss\n=cmd()\nana@x.example\n\nANA@x.example\n")
    assert guests == ()
    assert problems == (
        "Row 2: boss is no role: write attendee or presenter.",
        "Row 3: =cmd() is no e-mail address.",
        "Row 6: ANA@x.example is in row 4 already.",
    )


def test_people_are_named_one_to_a_line_and_presenters_behind_an_asterisk() -> None:
    assert of_lines("ana@fabrikam.example\r\n\n  * ben@fabrikam.example \n") == ((ANA, BEN), ())
    assert of_lines(" \n") == ((), ())


def test_every_bad_line_is_named() -> None:
    assert of_lines("ana@fabrikam.example\n\nben\n*\n*ANA@fabrikam.example") == (
        (),
        (
            "Line 3: ben is no e-mail address.",
            "Line 4: nothing is no e-mail address.",
            "Line 5: ANA@fabrikam.example is in line 1 already.",
        ),
    )


def test_a_column_is_that_of_roles_once_one_is_named() -> None:
    _, problems = read(b"ana@x.example,presenter\nben@x.example,presentr\n")
    assert problems == ("Row 2: presentr is no role: write attendee or presenter.",)


def test_a_table_full_of_mistakes_is_not_repeated_whole() -> None:
    _, problems = read(b"address\n" + b"wrong\n" * 100)
    assert len(problems) == MOST_PROBLEMS + 1 and problems[-1] == f"{100 - MOST_PROBLEMS} more rows are wrong."


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (b"", "names nobody"),
        (b"\n ; ;\n", "names nobody"),
        (b"address,role\n", "names nobody"),
        (b"a" * (MOST_BYTES + 1), "larger than"),
        (b"ana@fabrikam.example\n" + "Jos\u00e9".encode("latin-1"), "no UTF-8 text: byte 25"),
        ("ana@fabrikam.example".encode("utf-16"), "no UTF-8"),
        (b"PK\x03\x04\x00\x00", "no CSV table"),
        (b'ana@fabrikam.example\n"open', "Row 2 is no CSV"),
        (b"a@b.example\n" * (MOST_ATTENDEES + 2), f"At most {MOST_ATTENDEES}"),
        (b"x" * (LONGEST_CELL + 1), "Row 1 is too long"),
        (b"," * 60, "Row 1 is too long"),
    ],
)
def test_what_is_no_table_of_people_is_refused_with_what_to_do(table: bytes, says: str) -> None:
    guests, problems = read(table)
    assert guests == () and len(problems) == 1 and says in problems[0]


@given(st.binary(max_size=400))
def test_any_bytes_have_people_or_problems(table: bytes) -> None:
    guests, problems = read(table)
    assert bool(guests) != bool(problems)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.booleans()),
        min_size=1,
        unique_by=lambda one: one[0],
    )
)
def test_what_is_written_is_read(people: list[tuple[str, bool]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows(
        [f"{name}@fabrikam.example", "presenter" if presents else ""] for name, presents in people
    )
    guests, problems = read(written.getvalue().encode())
    assert not problems
    assert [(one.address.partition("@")[0], one.role == "presenter") for one in guests] == people
