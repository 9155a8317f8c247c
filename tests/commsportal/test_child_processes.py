"""Child processes are restarted, stopped, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from commsportal import children as module
from commsportal.children import Child, Children, describe
from commsportal.environment import BASE_DIR

SLEEP = "import signal\nprint('up', flush=True)\nwhile True: signal.pause()\n"
STUBBORN = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEP}"
ENVIRONMENT = {"PATH": os.environ["PATH"]}
Make = Callable[..., Child]


def until(condition: Callable[[], object], tend: Callable[[], None] = lambda: None) -> None:
    """Wait for a condition, within a limit against hanging."""
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        tend()
        time.sleep(0.01)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a child from its source."""

    def child(source: str, name: str = "child") -> Child:
        script = tmp_path / f"{name}.py"
        script.write_text(source)
        return Child(name, (str(script),), ENVIRONMENT, tmp_path / f"{name}.log")

    return child


@pytest.fixture
def run() -> Iterator[Callable[..., tuple[Children, list[str]]]]:
    """Return a function that starts children, which are stopped at the end."""
    started: list[Children] = []

    def start(*children: Child) -> tuple[Children, list[str]]:
        said: list[str] = []
        started.append(Children(list(children), said.append))
        started[-1].tend()
        return started[-1], said

    yield start
    for group in started:
        group.stop()


def is_up(child: Child) -> bool:
    """Tell whether the child's script runs."""
    return child.log is not None and child.log.exists() and "up" in child.log.read_text()


def test_a_child_that_is_killed_is_started_again_and_that_is_said(make: Make, run: Callable) -> None:
    child = make(SLEEP)
    group, said = run(child)
    until(lambda: is_up(child))
    first = child.process.pid
    child.send(signal.SIGKILL)
    until(lambda: child.process and child.process.pid != first, group.tend)
    assert said == ["child ended (signal SIGKILL) and is started again"]


def test_who_keeps_dying_is_started_less_and_less_often(
    make: Make, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = make("raise SystemExit(3)")
    group, said = run(child)
    delays = []
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    while len(delays) < 3:
        until(lambda: child.process is None, group.tend)
        delays.append(child.start_at - 1000.0)
        child.start_at = 0.0
        group.tend()
    assert child.status == 3
    assert delays[0] < delays[1] < delays[2] <= module.LONGEST_DELAY
    assert said[0] == "child ended (status 3) and is started again"


def test_who_is_killed_by_others_is_started_at_once_each_time(make: Make, run: Callable) -> None:
    child = make(SLEEP)
    group, _ = run(child)
    for _ in range(3):
        child.send(signal.SIGKILL)
        until(lambda: child.process is None, group.tend)
        assert child.start_at - time.monotonic() <= module.FIRST_DELAY
        until(lambda: child.process, group.tend)


def test_stop_ends_all_of_them(make: Make, run: Callable) -> None:
    both = [make(SLEEP, "one"), make(SLEEP, "two")]
    group, said = run(*both)
    until(lambda: all(map(is_up, both)))
    pids = [child.process.pid for child in both]
    group.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert said == []


def test_who_does_not_end_in_time_is_killed(make: Make, run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    child = make(STUBBORN)
    group, said = run(child)
    until(lambda: is_up(child))
    group.stop()
    assert child.process.returncode == -signal.SIGKILL
    assert said == ["child did not end in time and was killed"]


@pytest.mark.control("I15")
def test_who_fails_while_it_ends_is_named(make: Make, run: Callable) -> None:
    clumsy = make(f"import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n{SLEEP}")
    group, said = run(clumsy)
    until(lambda: is_up(clumsy))
    group.stop()
    assert said == ["child ended (status 3)"]


def test_a_child_that_runs_once_is_not_started_again(make: Make, run: Callable) -> None:
    group, said = run()
    child = make("raise SystemExit(0)")
    group.start_once(child)
    until(lambda: not child.is_running(), group.tend)
    assert (child.status, said) == (0, [])


def test_a_child_does_not_outlive_a_parent_that_is_killed(make: Make, tmp_path: Path) -> None:
    child = make(SLEEP)
    parent = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from commsportal.children import Child, Children\n"
        f"group = Children([Child('child', ({str(child.arguments[0])!r},), {{}}, Path({str(child.log)!r}))])\n"
        "group.tend()\n"
        "print(group.children[0].process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=BASE_DIR, stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        until(lambda: is_up(child))
        process.kill()
    until(lambda: not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text())


def test_an_exit_status_is_told_in_words() -> None:
    assert [describe(None), describe(1), describe(-15)] == ["not yet", "status 1", "signal SIGTERM"]
