"""Settings by name: what holds where nothing is set, and that each name counts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

from commsportal.environment import BASE_DIR, data_dir
from commsportal.management.commands.serve import Command
from commsportal.servers import listen

NAMES = ("PORT", "SIM_PORT", "SIM_TLS_PORT", "PUBLIC_URL", "RING_DECISION_SECONDS")
TELL = f"""
import json
from commsportal import settings
engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
print(json.dumps([*(getattr(settings, name) for name in {NAMES}), engine]))
"""


def told(folder: Path, **environ: str) -> list[Any]:
    """Return the settings that a process reads from this environment alone."""
    own = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)} | environ
    done = subprocess.run(
        [sys.executable, "-c", TELL], cwd=BASE_DIR, env=own, capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout))


def test_where_nothing_is_set_the_documented_defaults_hold(tmp_path: Path) -> None:
    assert told(tmp_path) == [8000, 8100, 8143, "http://localhost:8000", 12, "sqlite3"]


def test_each_name_counts_and_the_address_follows_the_port(tmp_path: Path) -> None:
    ports = {"PORT": "9000", "SIM_PORT": "9100", "SIM_TLS_PORT": "9143"}
    others = {"RING_DECISION_SECONDS": "9", "DATABASE_URL": "postgresql://me@db.example/desk"}
    assert told(tmp_path, **ports, **others) == [9000, 9100, 9143, "http://localhost:9000", 9, "postgresql"]
    assert told(tmp_path, PUBLIC_URL="https://desk.example/")[3] == "https://desk.example"


@pytest.mark.parametrize("value", [None, ""])
def test_data_is_kept_in_var_beside_the_code(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    made: list[Path] = []
    monkeypatch.setattr(Path, "mkdir", lambda folder, **_: made.append(folder))
    monkeypatch.delenv("DATA_DIR") if value is None else monkeypatch.setenv("DATA_DIR", value)
    assert [data_dir()] == made == [BASE_DIR / "var"]


def test_serve_runs_uvicorn_and_the_development_server_is_daphnes() -> None:
    with listen("127.0.0.1", 0) as listener:
        (web,) = Command()._children(listener, {"no_worker": True})
    assert web.arguments[0] == "uvicorn"
    assert get_commands()["runserver"] == "daphne"
