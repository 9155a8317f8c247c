"""An address with https makes cookies and headers stricter."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import orjson
from commsportal import settings
from directory.login import DEVICE_COOKIE
names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SECURE_HSTS_SECONDS")
print(orjson.dumps({name: getattr(settings, name) for name in names} | {"DEVICE": DEVICE_COOKIE}).decode())
"""


def told(address: str, folder: Path) -> dict[str, object]:
    """Return the settings of a portal at `address`."""
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PUBLIC_URL": address}
    setup = "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'commsportal.settings'; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + ASK], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    found: dict[str, object] = orjson.loads(done.stdout)
    return found


@pytest.mark.control("A3")
@pytest.mark.control("H4")
def test_under_https_cookies_are_of_this_host_alone_and_the_browser_stays_with_https(tmp_path: Path) -> None:
    found = told("https://desk.example", tmp_path)
    assert [found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]] == [True, True]
    names = [str(found[name]) for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE")]
    assert all(name.startswith("__Host-") for name in names) and len(set(names)) == 3
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600


def test_without_https_nothing_is_promised(tmp_path: Path) -> None:
    found = told("http://localhost:8000", tmp_path)
    assert (found["SESSION_COOKIE_SECURE"], found["SECURE_HSTS_SECONDS"]) == (False, 0)
