"""What must not stand in the source, and who may import whom."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "*.py": (r"\bmark_safe\b", r"\bSafeString\(", r"@csrf_exempt\b", r"\bpickle\b", r"\beval\(", r"shell=True"),
    "*.html": (
        r"\|\s*safe\b",
        r"\{%\s*autoescape\s+off",
        r"\son[a-z]+=",
        r"style=\"",
        r"<script>",
        r"javascript:",
    ),
    "*.js": (
        r"\binnerHTML\b",
        r"\bouterHTML\b",
        r"\binsertAdjacentHTML\b",
        r"\bdocument\.write\b",
        r"\beval\(",
        r"\bnew Function\b",
    ),
}
# Browsers report without a token, and nothing is kept; Microsoft tells of changes with a secret of its own.
EXEMPT = {r"@csrf_exempt\b": ("commsportal/violations.py:", "webhooks/views.py:")}


def sources(pattern: str) -> list[Path]:
    """Return the project's own files, those of tests and tools excepted."""
    skipped = ("tests", "node_modules", "var")
    return [
        path
        for path in ROOT.rglob(pattern)
        if not any(part in skipped or part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]


@pytest.mark.control("P5")
@pytest.mark.control("H2")
@pytest.mark.parametrize(
    ("pattern", "forbidden"), [(pattern, word) for pattern, words in FORBIDDEN.items() for word in words]
)
def test_nothing_dangerous_is_written(pattern: str, forbidden: str) -> None:
    files = sources(pattern)
    assert len(files) > 3
    hits = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(forbidden, line)
    ]
    assert [hit for hit in hits if not hit.startswith(EXEMPT.get(forbidden, "/"))] == []


def contracts() -> dict[str, object]:
    """Return import-linter's part of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def test_imports_keep_to_their_contracts() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_package_is_under_contract() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == set(contracts()["root_packages"])
    layers = {name for layer in contracts()["contracts"][0]["layers"] for name in layer.split(" | ")}
    assert packages == layers | {"simulator"}


def test_nothing_is_named_utils_helpers_or_services() -> None:
    names = [path for path in sources("*.py") if path.stem in ("utils", "helpers", "services", "misc", "common")]
    assert names == []


@pytest.mark.control("O1")
def test_one_module_opens_addresses() -> None:
    """Find who else could ask an address that came from outside; the others ask what the settings name."""
    names = r"requests|httpx|aiohttp|urllib\.request|urllib3|http\.client"
    opens = re.compile(rf"^\s*(?:import|from) ({names})\b", re.MULTILINE)
    found = {
        path.relative_to(ROOT).as_posix(): sorted(set(opens.findall(path.read_text())))
        for path in sources("*.py")
        if path.relative_to(ROOT).parts[0] != "simulator" and opens.search(path.read_text())
    }
    assert found == {
        "graph/transport.py": ["requests", "urllib3"],
        "commsportal/health.py": ["http.client"],
        "demo/supervisor.py": ["urllib.request"],
    }
