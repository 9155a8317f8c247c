"""What the commands of the Makefile run, and what they install before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Stands where the interpreter of a virtual environment would: notes what it was asked for.
RECORDER = '#!/bin/sh\necho "$@" >> asked\n'


def make(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the project's Makefile in a folder."""
    strange = ("MAKE", "MFLAGS", "PYTHON", "ARGS")  # of the `make test` that may run us
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    command = [shutil.which("make") or "make", "-f", str(ROOT / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, env=kept | environ, capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with locked requirements and an interpreter that only notes what it is asked."""
    for name in ("requirements", ".venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("base", "dev"):
        (tmp_path / f"requirements/{name}.txt").write_text(f"{name}==1\n")
    python = tmp_path / ".venv/bin/python"
    python.write_text(RECORDER)
    python.chmod(0o755)
    return tmp_path


def asked(place: Path) -> list[str]:
    """Return what the interpreter was asked for, and forget it."""
    file = place / "asked"
    told = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return told


def test_the_demo_installs_by_hash_what_it_needs_and_the_second_time_nothing(place: Path) -> None:
    assert make(place, "demo").returncode == 0
    first, second = asked(place)
    assert (
        first.startswith("-m pip ")
        and " install " in first
        and "--require-hashes -r requirements/base.txt" in first
    )
    assert second == "-m demo"
    make(place, "demo")
    assert asked(place) == ["-m demo"]


def test_a_changed_lock_is_installed(place: Path) -> None:
    make(place, "test")
    assert len(asked(place)) == 3
    (place / "requirements/dev.txt").write_text("dev==2\n")
    make(place, "test", "ARGS=-x")
    first, second = asked(place)
    assert "--require-hashes -r requirements/dev.txt" in first
    assert second == "-m pytest -x"


def test_the_environment_is_made_where_there_is_none(place: Path) -> None:
    (place / ".venv/bin/python").unlink()
    done = make(place, "install", f"PYTHON={sys.executable}", "--dry-run")
    assert f"{sys.executable} -m venv .venv" in done.stdout


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\nexit 1\n", "Python 3.11 or later is needed"),
        ('#!/bin/sh\ncase "$2" in *venv*) exit 1;; esac\n', "apt install python3-venv"),
    ],
)
def test_what_the_machine_lacks_is_named(place: Path, script: str, words: str) -> None:
    (place / ".venv/bin/python").unlink()
    python = place / "python3"
    python.write_text(script)
    python.chmod(0o755)
    done = make(place, "demo", f"PYTHON={python}")
    assert done.returncode != 0 and words in done.stderr


CHECKS = (
    "-m ruff check .",
    "-m ruff format --check .",
    "-m mypy",
    "lint-imports",
    "djade --target-version 5.2 --check",
    "makemigrations --check --dry-run",
    "spectacular --validate --fail-on-warn",
    "-m pytest",
    "node --test",
)


@pytest.mark.parametrize("command", CHECKS)
def test_make_check_runs_everything(place: Path, command: str) -> None:
    assert command in make(place, "check", "--dry-run").stdout


def test_make_e2e_runs_the_browser_tests(place: Path) -> None:
    assert "-m pytest tests/e2e" in make(place, "e2e", "--dry-run").stdout


def test_make_fuzz_asks_much_under_a_seed_that_is_told(place: Path) -> None:
    told = make(place, "fuzz", "--dry-run", "FUZZ_SEED=7").stdout
    assert "-m pytest tests/fuzz --timeout=0" in told and "FUZZ_EXAMPLES:-800" in told


def test_make_torture_runs_the_rig_as_told(place: Path) -> None:
    assert "-m tests.torture --kills 3" in make(place, "torture", "ARGS=--kills 3", "--dry-run").stdout


def test_without_node_the_browsers_modules_are_skipped_and_that_is_said(place: Path) -> None:
    done = make(place, "js", PATH=str(place))
    assert done.returncode == 0 and "Skipped" in done.stdout and "need Node" in done.stdout
