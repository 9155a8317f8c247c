"""What the demo starts when, and what it tells the person at the terminal."""

from pathlib import Path
from typing import Any

import pytest

from commsportal.children import Child, Children
from demo import supervisor
from demo.contoso import SIGN_INS, person
from demo.place import Place, find_place
from tests.demo.test_place import free_ports

ALL = ["simulator", "web", "worker"]


class Stop:
    """A request to stop that comes when the demo is ready."""

    def __init__(self) -> None:
        self.has_come = False

    def __bool__(self) -> bool:
        return self.has_come


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a folder with a demo in it that has run before."""
    ports = dict(zip(("PORT", "SIM_PORT", "SIM_TLS_PORT"), map(str, free_ports(3)), strict=True))
    here = find_place({"DATA_DIR": str(tmp_path), **ports})
    for name in ("portal.sqlite3", "demo-password"):
        (tmp_path / name).write_text("x")
    here.note_seeded()
    return here


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the processes that are started, without starting any."""
    names: list[str] = []

    def start(child: Child, watched: int) -> None:
        names.append(child.name)
        child.process = Process(names, child.name)  # type: ignore[assignment]

    monkeypatch.setattr(Child, "start", start)
    monkeypatch.setattr(Children, "stop", lambda children: None)
    monkeypatch.setattr(supervisor.time, "sleep", lambda seconds: None)
    return names


class Process:
    """A process that lives, but for the seed, which is over at the second look."""

    pid = 4711

    def __init__(self, names: list[str], name: str) -> None:
        self.names, self.name, self.looks = names, name, 0

    def poll(self) -> int | None:
        """Return the status of a process that has ended."""
        self.looks += 1
        if self.name != "seed" or self.looks == 1:
            return None
        self.names.append("seed ended")
        return 0


def run(place: Place, monkeypatch: pytest.MonkeyPatch, started: list[str]) -> list[list[str]]:
    """Run a demo until all its processes were seen to be there; return who was there at each look."""
    looks: list[list[str]] = []
    stop: Any = Stop()

    def is_ready(place: Place) -> bool:
        looks.append(sorted(started))
        stop.has_come = set(ALL) <= set(started)
        return bool(stop.has_come)

    monkeypatch.setattr(supervisor, "is_ready", is_ready)
    supervisor.Supervisor(place, stop).run()
    return looks


def test_a_demo_that_ran_before_starts_all_its_processes_at_once(
    place: Place, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(place, monkeypatch, started) == [[], ALL]


def test_a_first_demo_prepares_the_database_beside_the_starting_simulator(
    place: Place, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "demo-seeded").unlink()
    run(place, monkeypatch, started)
    assert started == ["seed", "simulator", "seed ended", "web", "worker"]
    assert place.is_seeded()


def test_the_greeting_names_the_addresses_every_sign_in_and_the_password(place: Place) -> None:
    (place.folder / "demo-password").write_text("open-sesame\n")
    said = supervisor.greeting(place)
    assert f"http://localhost:{place.ports['PORT']}/console/" in said
    assert f"http://localhost:{place.ports['SIM_PORT']}/" in said
    assert "open-sesame" in said and str(place.folder / "demo-password") in said
    lines = [line.split() for line in said.splitlines()]
    for username in SIGN_INS:
        (own,) = [line for line in lines if line[:1] == [username]]
        assert " ".join(own[1:]).startswith(person(username)["name"])
        assert own[-1] == (person(username)["app_roles"] or ["role"])[0]
