"""Every test that starts processes looks at their end, or says why it need not; and the look finds."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import leftovers, logged

ROOT = Path(__file__).resolve().parents[2]
# Who starts processes, and where which call looks at their end.
LOOKED_AT = {
    "tests/calls/simulation.py": ("tests/calls/simulation.py", "assert_holds(here"),
    "tests/e2e/running.py": ("tests/e2e/conftest.py", "faults_of_its_end()"),
    "tests/e2e/test_serve.py": ("tests/e2e/test_serve.py", "assert_holds(sides"),
    "tests/live/conftest.py": ("tests/live/conftest.py", "assert_ended_well("),
    "tests/live/test_nothing_is_compressed.py": (
        "tests/live/test_nothing_is_compressed.py",
        "assert_ended_well(",
    ),
    "tests/torture/faults.py": ("tests/torture/rig.py", "faults_of_its_end()"),
    "tests/worker/several.py": ("tests/worker/several.py", "portal(simulation"),
}
NOT_LOOKED_AT = {
    "tests/bench/rig.py": "measures, on rows of its own making, and shows nothing but figures",
    "tests/cluster.py": "starts a PostgreSQL: there is no portal",
    "tests/commsportal/test_child_processes.py": "starts processes that are no portal, and looks at each",
    "tests/faults/consoles.py": "rows of its own making; kills its server, compares consoles",
    "tests/faults/test_web_is_killed_under_consoles.py": "rows of its own making; compares consoles",
    "tests/simulator/process.py": "starts the simulator alone: there is no portal",
    "tests/webhooks/processes.py": "each of its tests is about what a process answers, logs or leaves in the rows",
}


def starters() -> set[str]:
    """Return the files of tests that start processes which stay."""
    files = (ROOT / "tests").rglob("*.py")
    return {str(path.relative_to(ROOT)) for path in files if "subprocess.Popen(" in path.read_text()}


@pytest.mark.control("I15")
def test_whoever_starts_processes_is_listed_with_who_looks_at_their_end() -> None:
    assert starters() == {*LOOKED_AT, *NOT_LOOKED_AT, "tests/meta/test_runs_are_looked_at.py"}
    for starter, (looker, call) in LOOKED_AT.items():
        assert call in (ROOT / looker).read_text(), starter
    assert not LOOKED_AT.keys() & NOT_LOOKED_AT.keys()


@contextmanager
def working_on(folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a process that works on a folder until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], env={"DATA_DIR": str(folder)}, stdin=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.communicate()


@pytest.mark.control("I15")
def test_a_process_that_is_left_over_is_noticed(tmp_path: Path) -> None:
    with working_on(tmp_path) as process:
        (said,) = leftovers.found(tmp_path, seconds=0)
        assert said.startswith(f"I15: process {process.pid} is left over: ")
        assert list(leftovers.found(tmp_path / "elsewhere", seconds=0)) == []
    assert list(leftovers.found(tmp_path)) == []


@pytest.mark.control("I15")
def test_what_the_supervisor_says_of_ends_that_nobody_asked_for_is_noticed() -> None:
    from tests.e2e.running import UNASKED

    said = ["web ended (status 3) and is started again", "worker did not end in time and was killed"]
    fine = ["web ended (signal SIGKILL) and is started again", "worker ended (status 0) and is started again"]
    assert UNASKED.findall("\n".join([*said, *fine])) == said


@pytest.mark.control("I15")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_runs_that_kill_expect_nothing_but_what_their_kills_explain(engine: str) -> None:
    from tests.torture.expected import EXPECTED

    errors = [
        '{"level":"ERROR","logger":"commsportal.asgi","message":"a socket failed","traceback":"ValueError: no"}',
        '{"level":"ERROR","logger":"commsportal.worker","message":"x","traceback":"IntegrityError: twice"}',
        '{"level":"ERROR","logger":"django.request","message":"Internal Server Error: /api/v1/calls/"}',
        '{"level":"ERROR","logger":"calls.changes","message":"call x is alive although its end was notified"}',
    ]
    assert len(list(logged.unexpected(logged.read_log(errors), EXPECTED[engine]))) == len(errors)
