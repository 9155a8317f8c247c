"""A PostgreSQL server of a test's own, which may be stopped, killed, and filled up."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.e2e.running import alive

UNPRIVILEGED = ("postgres", "nobody")  # the server refuses to run as root
SUPERUSER = "postgres"
SMALL = {
    "listen_addresses": "",  # its socket is in its folder
    "shared_buffers": "16MB",
    "max_connections": "120",
    "autovacuum": "off",
}
CREATED = ("-A", "trust", "-E", "UTF8", "--no-sync", "--wal-segsize=1")
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


class Cluster:
    """One server on a folder of its own, at a socket in it."""

    def __init__(self, folder: Path, programs: Path, account: pwd.struct_passwd | None) -> None:
        self.folder, self.programs, self.account = folder, programs, account
        self.process: subprocess.Popen[bytes] | None = None
        self.run("initdb", "-D", str(self.data), "-U", SUPERUSER, *CREATED)

    @property
    def data(self) -> Path:
        """Return the folder of its files."""
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgres://{SUPERUSER}@{quote(str(self.folder), safe='')}/{database}"

    def start(self) -> "Cluster":
        """Start it, after whatever ended it, and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in SMALL.items()]
        arguments = ["-D", str(self.data), "-k", str(self.folder), *settings]
        with (self.folder / "server.log").open("ab") as log:
            self.process = self._begin("postgres", *arguments, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < until, self.said()
            time.sleep(0.05)
        return self

    def answers(self) -> bool:
        """Tell whether it takes connections."""
        with suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """Return a connection that commits each statement."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def stop_at_once(self) -> None:
        """Stop it as after a fault: every session ends, and the next start goes by what was logged."""
        self.run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate")
        self._wait()

    def kill(self) -> None:
        """Kill the server and the process of each session at one go, without a last word to anybody."""
        assert self.process
        everybody = [self.process.pid, *self.sessions()]
        for pid in everybody:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait()
        until = time.monotonic() + START_SECONDS
        while any(alive(pid) for pid in everybody):  # they hold the shared memory
            assert time.monotonic() < until
            time.sleep(0.01)

    def sessions(self) -> list[int]:
        """Return the processes that the server has started."""
        assert self.process
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it away for the length of a block."""
        self.stop_at_once()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def full(self, most: int) -> Iterator[None]:
        """Have the system let none of its processes make a file longer than `most` bytes."""
        self._limit_files(str(most))
        try:
            yield
        finally:
            self._limit_files("unlimited")

    def _limit_files(self, most: str) -> None:
        assert self.process
        for pid in (self.process.pid, *self.sessions()):  # the first hands it on to those that it starts
            self.run("prlimit", f"--pid={pid}", f"--fsize={most}:unlimited", may_fail=pid != self.process.pid)

    def said(self) -> str:
        """Return what it has logged."""
        log = self.folder / "server.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def run(self, program: str, *arguments: str, may_fail: bool = False) -> None:
        """Run a program, of PostgreSQL or of the system, to its end as the server's account."""
        done = self._begin(program, *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = done.communicate(timeout=START_SECONDS)
        assert may_fail or done.returncode == 0, said.decode(errors="replace")

    def _begin(self, program: str, *arguments: str, **outputs: Any) -> "subprocess.Popen[bytes]":
        own, path = self.account, f"{self.programs}:/usr/bin:/bin"
        who = {"user": own.pw_uid, "group": own.pw_gid, "extra_groups": []} if own else {}
        return subprocess.Popen(
            [shutil.which(program, path=path) or program, *arguments],
            cwd=self.folder,
            env={"PATH": path, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_us(),
            **who,
            **outputs,
        )

    def _wait(self) -> None:
        assert self.process
        self.process.wait(START_SECONDS)
        self.process = None

    def end(self) -> None:
        """End it for good, whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.kill()


@contextmanager
def made() -> Iterator[Cluster]:
    """Make a server, not started yet; end it and remove all of it after the block.

    Skips the test where PostgreSQL's programs are not installed, or nobody is there to run them as.
    """
    programs, account = server_programs(), None
    if programs is None:
        pytest.skip("no initdb here: apt install postgresql")
    if os.geteuid() == 0 and (account := unprivileged()) is None:
        pytest.skip(f"the server does not run as root, and there is none of {UNPRIVILEGED}")
    folder = Path(tempfile.mkdtemp(prefix="commsportal-pg-"))  # short: so must the name of a socket be
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        cluster = Cluster(folder, programs, account)
        try:
            yield cluster
        finally:
            cluster.end()
    finally:
        shutil.rmtree(folder)


@cache
def server_programs() -> Path | None:
    """Return where initdb and postgres are, None if they are not."""
    asked = shutil.which("pg_config")
    named = [subprocess.check_output([asked, "--bindir"], text=True).strip()] if asked else []
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    return next((path for path in map(Path, [*named, *versions]) if (path / "initdb").exists()), None)


def unprivileged() -> pwd.struct_passwd | None:
    """Return an account that is not root's."""
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def end_with_us() -> Callable[[], None]:
    """Return what makes a child end at once when the tests do, however they end."""
    library = ctypes.CDLL(None)
    return lambda: library.prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))
