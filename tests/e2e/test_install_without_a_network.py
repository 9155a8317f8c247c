"""What `make wheels` collects, `make install WHEELS=folder` installs where there is no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import ROOT, free_ports

pytestmark = [pytest.mark.timeout(900), pytest.mark.control("P5")]
PACKAGES = (
    "django channels rest_framework drf_spectacular uvicorn daphne psycopg msal cryptography orjson requests"
)


def make(*arguments: str, shut: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the project's Makefile, with the network shut unless told otherwise."""
    return run("make", f"PYTHON={sys.executable}", *arguments, shut=shut)


def run(*command: str, shut: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project, with the network shut unless told otherwise."""
    strange = ("MAKE", "MFLAGS", "PYTHON", "ARGS", "WHEELS", "VENV", *(("PIP_", "UV_") if shut else ()))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    kept |= (closed() if shut else {}) | environ
    before = without_network() if shut else ()
    return subprocess.run([*before, *command], cwd=ROOT, env=kept, capture_output=True, text=True, check=False)


def closed() -> dict[str, str]:
    """Return the environment in which pip finds nobody, and no settings of this machine's."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), nowhere)
    return proxies | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_COMPILE": "1", "PIP_RETRIES": "0", "no_proxy": ""}


def without_network() -> tuple[str, ...]:
    """Return what takes a command's network away, where this machine allows that."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        return (unshare, "-rn")
    return ()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `make wheels` has filled."""
    folder = tmp_path_factory.mktemp("wheels")
    done = make("wheels", f"RUN={sys.executable}", f"WHEELS={folder}", shut=False)
    if done.returncode:
        pytest.skip(f"no wheels can be had here: {done.stderr.strip()[-300:]}")
    return folder


def test_what_was_collected_is_all_that_an_install_needs(wheels: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "venv"
    done = make("install", f"VENV={fresh}", f"WHEELS={wheels}")
    assert done.returncode == 0, done.stdout + done.stderr
    python, data = str(fresh / "bin/python"), {"DATA_DIR": str(tmp_path / "data")}
    for command in (["-c", f"import {PACKAGES.replace(' ', ', ')}"], ["manage.py", "check"]):
        started = run(python, *command, **data)
        assert started.returncode == 0, started.stderr
    assert (fresh / "base.lock").read_bytes() == (ROOT / "requirements/base.txt").read_bytes()


def test_nothing_else_is_installed_than_what_the_lock_names(wheels: Path, tmp_path: Path) -> None:
    fresh, changed = tmp_path / "venv", tmp_path / "wheels"
    shutil.copytree(wheels, changed)
    (victim,) = changed.glob("django-*.whl")
    victim.write_bytes(victim.read_bytes() + b"\0")
    done = make("install", f"VENV={fresh}", f"WHEELS={changed}")
    assert done.returncode != 0 and "DO NOT MATCH THE HASHES" in done.stderr
    assert not (fresh / "base.lock").exists()
