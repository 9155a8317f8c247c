"""What browsers get of packages is what was locked: each file has the digest that its wheel recorded."""

import base64
import hashlib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

pytestmark = pytest.mark.control("P5")


def recorded() -> dict[Path, str]:
    """Return the SHA-256 digests of all installed files of static folders."""
    found = {}
    for distribution in distributions():
        for file in distribution.files or []:
            if "static" in file.parts and file.hash is not None and file.hash.mode == "sha256":
                found[Path(str(file.locate())).resolve()] = file.hash.value
    return found


def strange(files: list[Path], digests: dict[Path, str]) -> list[Path]:
    """Return the files that no wheel brought as they are."""
    return [path for path in files if digest(path) != digests.get(path)]


def digest(path: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def served() -> list[Path]:
    """Return the files that are served and not our own."""
    listed = [storage.path(name) for finder in finders.get_finders() for name, storage in finder.list([])]
    ours = Path(settings.BASE_DIR) / "static"
    return [path for path in (Path(name).resolve() for name in listed) if not path.is_relative_to(ours)]


def test_every_file_of_a_package_is_as_its_wheel_recorded() -> None:
    files = served()
    names = {path.name for path in files}
    assert {"swagger-ui-bundle.js", "htmx-2.min.js"} <= names
    assert strange(files, recorded()) == []


def test_a_changed_file_and_one_that_nobody_brought_are_noticed(tmp_path: Path) -> None:
    changed, brought = tmp_path / "changed.js", tmp_path / "brought.js"
    changed.write_text("1")
    brought.write_text("2")
    known = {brought: digest(brought), changed: digest(brought)}
    assert strange([changed, brought, brought], known) == [changed]
    assert strange([brought], {}) == [brought]
