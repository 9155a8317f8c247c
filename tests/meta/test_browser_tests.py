"""A run of all tests says that the browser tests are left out; they themselves insist on a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)  # whole runs of pytest, beside others
ROOT = Path(__file__).resolve().parents[2]
OPENS_A_PAGE = "test_console.py::test_the_page_tells_that_sound_is_ready_after_a_click"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as the Makefile does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CHROMIUM"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=kept | environ, capture_output=True, text=True, check=False)


def test_all_tests_say_that_browser_tests_are_skipped_and_why() -> None:
    assert "SKIPPED the browser tests: they need Chromium" in run("--ignore-glob=tests/*/*").stdout
    assert "browser tests" not in run("tests/meta/test_cases.py").stdout


def test_browser_tests_fail_without_a_browser(tmp_path: Path) -> None:
    done = run(f"tests/e2e/{OPENS_A_PAGE}", PATH=str(tmp_path))
    assert done.returncode == 1 and "no Chromium: apt install chromium" in done.stdout
