"""Which tests show which case; `python -m tests.meta.cases` brings the table in `docs/cases.md` up to date."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "cases.md"
ROW = re.compile(r"^\| (\d+) \| (.*) \|.*\|$", re.MULTILINE)


def marked() -> dict[int, list[str]]:
    """Return the test files by the case that their marks name."""
    found: dict[int, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for numbers in re.findall(r"mark\.case\(([\d, ]+)\)", path.read_text()):
            for number in re.findall(r"\d+", numbers):
                found.setdefault(int(number), set()).add(path.relative_to(ROOT / "tests").as_posix())
    return {number: sorted(files) for number, files in found.items()}


def documented() -> set[int]:
    """Return the cases of the table."""
    return {int(number) for number, _ in ROW.findall(TABLE.read_text())}


def table() -> str:
    """Return the document with its last column as the marks have it."""
    files = {number: ", ".join(f"`{file}`" for file in found) for number, found in marked().items()}
    text = TABLE.read_text()
    return ROW.sub(lambda row: f"| {row[1]} | {row[2]} | {files.get(int(row[1]), '')} |", text)


if __name__ == "__main__":
    TABLE.write_text(table())
