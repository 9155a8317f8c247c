"""What is installed, and why."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
# Below these, flaws are known that lie near our paths.
FLOORS = {
    "pyjwt": "2.13",
    "django": "5.2.16",
    "daphne": "4.2.2",
    "channels": "4.2",
    "djangorestframework": "3.15.2",
    "requests": "2.32.4",
    "urllib3": "2.6.3",
    "h11": "0.16",
}


def wanted(file: str) -> dict[str, Requirement]:
    """Return what a `.in` file asks for, by name."""
    lines = (ROOT / "requirements" / file).read_text().splitlines()
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return {requirement.name.lower(): requirement for requirement in found}


def locked(path: Path) -> dict[str, str]:
    """Return the locked versions, by name."""
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;]+)", path.read_text(), flags=re.MULTILINE))


@pytest.mark.control("P5")
@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_package_is_older_than_a_known_flaw(name: str, floor: str) -> None:
    assert Version(version(name)) >= Version(floor)


@pytest.mark.control("P5")
@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_files_name_no_index_and_hash_every_package(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=sha256:", ""), flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 40
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("inputs", "lock"), [("base.in", "base.txt"), ("dev.in", "dev.txt")])
def test_every_requirement_is_locked_within_its_range(inputs: str, lock: str) -> None:
    versions = locked(ROOT / "requirements" / lock)
    for name, requirement in wanted(inputs).items():
        assert versions[name] in requirement.specifier


def test_both_locks_agree() -> None:
    base, dev = (locked(ROOT / "requirements" / name) for name in ("base.txt", "dev.txt"))
    assert {name for name in base.keys() & dev.keys() if base[name] != dev[name]} == set()


def test_every_runtime_dependency_has_its_reason() -> None:
    table = re.findall(r"^\| `([^`]+)` \| (.+?) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert all(len(reason) > 20 for _, reason in table)
    assert sorted(name for name, _ in table) == sorted(wanted("base.in"))
