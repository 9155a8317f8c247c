"""Rules decide on values: they know no database, no clock, no settings, no framework."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted(ROOT.glob("*/rules/*.py"))
IMPURE = {"asyncio", "logging", "os", "random", "secrets", "socket", "sqlite3", "threading", "time"}


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_there_are_rules() -> None:
    assert {"operations.py", "outcomes.py", "state.py", "targets.py"} <= {path.name for path in RULES}


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parents[1].name}.{path.stem}")
def test_rules_import_nothing_but_rules_and_plain_python(path: Path) -> None:
    own = f"{path.parents[1].name}.rules"
    others = {name for name in imported(path) if not name.startswith(own)}
    assert {name for name in others if name.split(".")[0] not in sys.stdlib_module_names} == set()
    assert others & IMPURE == set()


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parents[1].name}.{path.stem}")
def test_rules_ask_no_clock(path: Path) -> None:
    called = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    }
    assert {name for name in called if name.split(".")[-1] in ("now", "utcnow", "today")} == set()
