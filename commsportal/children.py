"""Keep child processes running: restart one that dies, stop all, and let none outlive its parent.

Each child watches the reading end of a pipe whose other end only the parent holds: however the parent goes,
`kill -9` included, the pipe closes and the child ends itself.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commsportal.environment import BASE_DIR

GRACE_SECONDS = 12.0  # a worker may finish what it runs, which takes up to 10 s
STEADY_SECONDS = 5.0  # who lived that long is restarted at once
FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
KILLED_BY_OTHERS = (-signal.SIGKILL, -signal.SIGTERM)
AS_ASKED = (0, -signal.SIGTERM)  # uvicorn sends itself the signal again when it has done what it asks
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """A Python process: `arguments` are a script or a module's name, and what it is told."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None  # None: our own output
    inherited: Sequence[int] = ()  # descriptors that it shares with us
    status: int | None = None  # of the last process that ended
    deaths: int = 0  # in a row, each soon after its start and by its own fault
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_at: float = 0.0

    def start(self, watched: int) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches the parent alone."""
        command = [sys.executable, "-m", "commsportal.children", str(watched), *self.arguments]
        output = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                cwd=BASE_DIR,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(watched, *self.inherited),
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self.started_at = time.monotonic()

    def is_running(self) -> bool:
        """Tell whether the process lives; take note when it has just died, and when to start it again."""
        if self.process is None or (status := self.process.poll()) is None:
            return self.process is not None
        self.process, self.status, at = None, status, time.monotonic()
        own_fault = at - self.started_at < STEADY_SECONDS and status not in KILLED_BY_OTHERS
        self.deaths = self.deaths + 1 if own_fault else 1
        self.start_at = at + min(FIRST_DELAY * 2 ** (self.deaths - 1), LONGEST_DELAY)
        return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and to whatever it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; kill it after that many seconds, and tell whether that was needed."""
        try:
            if self.process:
                self.process.wait(max(0.0, seconds))
            return False
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return True
        finally:
            if self.process:
                self.process.wait()


@dataclass
class Children:
    """Child processes that are kept running until `stop`."""

    children: list[Child]
    say: Callable[[str], None] = lambda text: print(text, flush=True)
    once: list[Child] = field(default_factory=list)
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def start_once(self, child: Child) -> None:
        """Start a process that is not started again when it ends."""
        self.once.append(child)
        child.start(self._pipe[0])

    def tend(self) -> None:
        """Start who is not running and whose time has come; report who died."""
        for child in self.children:
            ran = child.process is not None
            if child.is_running():
                continue
            if ran:
                self.say(f"{child.name} ended ({describe(child.status)}) and is started again")
            if time.monotonic() >= child.start_at:
                child.start(self._pipe[0])

    def stop(self) -> None:
        """Ask all to end, wait, and kill who does not; report who ended badly."""
        everybody = self.children + self.once
        for child in everybody:
            child.send(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        for child in everybody:
            if child.wait(until - time.monotonic()):
                self.say(f"{child.name} did not end in time and was killed")
            elif child.process and child.process.returncode not in AS_ASKED:
                self.say(f"{child.name} ended ({describe(child.process.returncode)})")


class StopRequest:
    """Becomes true when a signal asks this process to end; later ones change nothing."""

    def __init__(self) -> None:
        self.signal: int | None = None
        for number in STOP_SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: object) -> None:
        self.signal = self.signal or number

    def __bool__(self) -> bool:
        return self.signal is not None


def describe(status: int | None) -> str:
    """Return an exit status in words."""
    if status is None:
        return "not yet"
    return f"status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def follow_parent(watched: int) -> None:
    """End this process when the other end of the pipe `watched` closes."""

    def wait() -> None:
        os.read(watched, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="follow-parent", daemon=True).start()


def main(arguments: list[str]) -> None:
    """Run a script or module as `python` would, but never longer than the parent lives."""
    watched, target, *rest = arguments
    follow_parent(int(watched))
    sys.argv = [target, *rest]
    if target.endswith(".py"):
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
