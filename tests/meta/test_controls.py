"""What docs/security.md says of each control is shown by tests, and tests show what it says."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| ([A-Z]\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
ID = re.compile(r"[WOAZHSXEPRI]\d+")


def stated(text: str) -> list[tuple[str, str]]:
    """Return (id, state) of each row of the tables, in their order."""
    return [(name, state.strip()) for name, state in ROW.findall(text) if ID.fullmatch(name)]


def named(source: str) -> Iterator[str]:
    """Yield what the marks of a test file name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.control":
            (argument,) = node.args
            yield str(ast.literal_eval(argument))


def marked() -> set[str]:
    """Return what the tests show."""
    return {name for path in (ROOT / "tests").rglob("test_*.py") for name in named(path.read_text())}


def faults(rows: list[tuple[str, str]], marks: set[str]) -> list[str]:
    """Return where the document and the marks disagree."""
    found = [f"{name} is stated twice" for name, count in Counter(name for name, _ in rows).items() if count > 1]
    found += [f"{name} is not in the document" for name in sorted(marks - dict(rows).keys())]
    for name, state in rows:
        word, _, rest = state.partition(": ")
        if word not in ("held", "partly", "open") or (word == "held") is bool(rest):
            found.append(f"{name} has the state {state!r}")
        elif word != "open" and name not in marks:
            found.append(f"{name} is {word} and shown by no test")
    return found


def test_the_document_and_the_tests_agree() -> None:
    rows = stated(DOCUMENT.read_text())
    assert len(rows) > 80
    assert faults(rows, marked()) == []


@pytest.mark.parametrize(
    ("rows", "marks", "fault"),
    [
        ([("W1", "held")], set(), "W1 is held and shown by no test"),
        ([("W1", "partly: half")], set(), "W1 is partly and shown by no test"),
        ([("W1", "held")], {"W1", "Q7"}, "Q7 is not in the document"),
        ([("W1", "held"), ("W1", "open: all")], {"W1"}, "W1 is stated twice"),
        ([("W1", "partly")], {"W1"}, "W1 has the state 'partly'"),
        ([("W1", "fine")], {"W1"}, "W1 has the state 'fine'"),
    ],
)
def test_each_disagreement_is_noticed(rows: list[tuple[str, str]], marks: set[str], fault: str) -> None:
    assert faults(rows, marks) == [fault]


def test_marks_are_found_wherever_they_stand() -> None:
    whole = 'pytestmark = [pytest.mark.django_db, pytest.mark.control("W1")]\n'
    assert set(named(whole + '@pytest.mark.control("R2")\ndef test_it(): ...')) == {"W1", "R2"}
