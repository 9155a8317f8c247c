"""docs/asvs.md judges every requirement of ASVS 5.0.0 of levels 1 and 2, and names only what exists."""

import json
import re
from collections import Counter

import pytest

from tests.meta.test_controls import DOCUMENT, ROOT, stated

ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
COUNT = re.compile(r"^\| (met|not applicable|open) \|[^|]+\| (\d+) \|$", re.MULTILINE)
CONTROL = re.compile(r"\b[WOAZHSXEPRI]\d{1,2}\b")
MODULE = re.compile(r"`([a-z]+(?:[./][a-z_]+)+|[a-z]+)`")
LINK = re.compile(r"\b(?:docs/)?([\w-]+\.md)(?:#([\w-]+))?")
STATES = {"met", "not applicable", "open"}
FOREIGN = {"secrets", "exp", "nbf", "tid", "oid"}  # of the standard library, and claims of tokens
LEVELS = {row["id"]: row["level"] for row in json.loads((ROOT / "tests/data/asvs_levels.json").read_text())}
TEXT = (ROOT / "docs/asvs.md").read_text()


def exists(name: str) -> bool:
    """Tell whether a module or folder of that name is there."""
    path = ROOT / name.replace(".", "/")
    return name in FOREIGN or path.is_dir() or path.with_suffix(".py").is_file()


def faults(rows: list[tuple[str, str, str]]) -> list[str]:
    """Return what is wrong with rows of (requirement, state, reason)."""
    controls = dict(stated(DOCUMENT.read_text()))
    found = [
        f"{name} stands {count} times" for name, count in Counter(row[0] for row in rows).items() if count > 1
    ]
    found += [f"{name} is missing" for name in LEVELS.keys() - {row[0] for row in rows}]
    for name, state, reason in rows:
        found += [f"{name} is of no level"] if name not in LEVELS else []
        found += [f"{name} is {state!r}"] if state not in STATES else []
        found += [
            f"{name} names {one}, which is nowhere" for one in CONTROL.findall(reason) if one not in controls
        ]
        found += [f"{name} names {one}, which is nowhere" for one in MODULE.findall(reason) if not exists(one)]
        found += [f"{name} leads to {file}#{part}" for file, part in LINK.findall(reason) if not leads(file, part)]
    return found


def leads(file: str, part: str) -> bool:
    """Tell whether a document has that part."""
    path = next((path for path in (ROOT / "docs" / file, ROOT / file) if path.is_file()), None)
    if path is None:
        return False
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return not part or part in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_requirement_is_judged_once_and_what_is_named_exists() -> None:
    assert Counter(LEVELS.values()) == {1: 70, 2: 183}
    assert faults(ROW.findall(TEXT)) == []


def test_the_counts_at_the_top_are_those_of_the_table() -> None:
    assert {name: int(count) for name, count in COUNT.findall(TEXT)} == Counter(s for _, s, _ in ROW.findall(TEXT))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("1.2.4", "met", "again"), "1.2.4 stands 2 times"),
        (("9.9.9", "met", "nothing"), "9.9.9 is of no level"),
        (("1.1.1", "done", "Z1"), "1.1.1 is 'done'"),
        (("1.1.1", "met", "held by Q1 and W99"), "1.1.1 names W99, which is nowhere"),
        (("1.1.1", "met", "`graph.nothing`"), "1.1.1 names graph.nothing, which is nowhere"),
        (("1.1.1", "met", "docs/roles.md#nothing"), "1.1.1 leads to roles.md#nothing"),
    ],
)
def test_each_fault_is_noticed(row: tuple[str, str, str], fault: str) -> None:
    others = [one for one in ROW.findall(TEXT) if one[0] != row[0] or row[2] == "again"]
    assert faults([*others, row]) == [fault]
