"""Secrets that are made up on first use: once, for the owner alone, the same for all processes."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commsportal import environment
from commsportal.environment import BASE_DIR, kept_secret

pytestmark = pytest.mark.control("P4")


def test_a_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        secret = kept_secret(path)
    finally:
        os.umask(before)
    assert kept_secret(path) == secret and len(secret) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_each_place_has_a_secret_of_its_own(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "one") != kept_secret(tmp_path / "other")


def test_who_comes_second_takes_the_secret_of_who_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"

    def make_up(size: int) -> str:
        path.write_text("of the other process")
        return "ours"

    monkeypatch.setattr(environment.secrets, "token_urlsafe", make_up)
    assert kept_secret(path) == "of the other process"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_processes_that_start_together_share_the_secret_key(tmp_path: Path) -> None:
    tell = "from commsportal import settings; print(settings.SECRET_KEY)"
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}

    def start(number: int) -> str:
        command = [sys.executable, "-c", tell]
        return subprocess.run(command, cwd=BASE_DIR, env=environ, capture_output=True, text=True).stdout.strip()

    with ThreadPoolExecutor(3) as pool:
        keys = set(pool.map(start, range(3)))
    assert keys == {(tmp_path / "secret-key").read_text()}
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
