"""Every case that the portal must survive is shown by a test, and the table says by which."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {*range(1, 25), 27, 30, 32, 33, 38, 39, 41, 52, 53, 54}


def marked() -> dict[int, set[str]]:
    """Return the test files by the case that their marks name."""
    found: dict[int, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for numbers in re.findall(r"mark\.case\(([\d, ]+)\)", path.read_text()):
            for number in re.findall(r"\d+", numbers):
                found.setdefault(int(number), set()).add(path.relative_to(ROOT / "tests").as_posix())
    return found


def documented() -> dict[int, set[str]]:
    """Return the test files by the case, as the table has them."""
    rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "cases.md").read_text(), re.MULTILINE)
    return {int(number): set(re.findall(r"`([^`]+)`", files)) for number, files in rows}


def test_every_case_that_must_be_survived_is_shown() -> None:
    assert sorted(REQUIRED - marked().keys()) == []


def test_the_table_of_cases_is_true() -> None:
    assert documented() == marked()
