"""Counted points: a child process that ends, or stops, at the n-th thing it does outside its own memory.

A point is the moment before each statement that may write, and before and after each commit, insert of the intake,
request to Graph and answer to whoever called. The child is a fork of the test's process with own connections.
"""

import os
import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from graph import transport
from webhooks import storage

FINISHED, FAILED = 0, 70
FAR = 1000  # longer than any name


class Points:
    """Numbers what a process does, and sends it a signal at the fatal one, which a number or a name tells."""

    def __init__(self, fatal: int | str, number: int = signal.SIGKILL) -> None:
        self.fatal = fatal
        self.number = number
        self.count = 0
        self.lock = threading.Lock()
        self.log = os.memfd_create("points")

    def __call__(self, name: str) -> None:
        """Pass a point."""
        with self.lock:
            self.count += 1
            os.pwrite(self.log, str(self.count).encode(), FAR)
            is_fatal = self.fatal in (self.count, name)
        if is_fatal:
            self.fatal = 0
            os.write(self.log, name.encode())
            os.kill(os.getpid(), self.number)

    def passed(self) -> int:
        """Return how many points the child has passed."""
        return int(os.pread(self.log, 20, FAR) or 0)

    def name(self) -> str:
        """Return the name of the point at which the child was struck, empty if it came to its end before."""
        return os.pread(self.log, FAR, 0).rstrip(b"\0").decode()

    def close(self) -> None:
        """Forget the name."""
        os.close(self.log)

    def around(self, owner: Any, name: str, label: str) -> None:
        """Make the call of a function two points: before and after."""
        honest = getattr(owner, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            self(f"before {label}")
            answer = honest(*args, **kwargs)
            self(f"after {label}")
            return answer

        setattr(owner, name, called)

    def install(self) -> None:
        """Watch everything that this process does from now on."""
        self.around(BaseDatabaseWrapper, "_commit", "commit")
        self.around(storage.SqliteStore, "insert", "insert of the intake")
        self.around(storage.PostgresStore, "insert", "insert of the intake")
        self.around(transport._WatchedSocket, "sendall", "request to Graph")
        self.around(transport.Wire, "exchange", "exchange with Graph")
        connection_created.connect(self._watch, weak=False)

    def _watch(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(self._statement)

    def _statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith("SELECT"):  # to die before reading is to die before what comes next
            self(f"before {sql[:60]}")
        return execute(sql, *rest)


_parents: list[
    Any
] = []  # held, since a connection that is collected says goodbye to a server that serves our parent


def _forget_connections() -> None:
    """Have this fork make connections of its own."""
    for connection in connections.all():
        if connection.vendor == "postgresql":
            pools = connection._connection_pools  # type: ignore[attr-defined]
            _parents.append((connection.connection, dict(pools)))
            connection.connection = None
            pools.clear()


class Child:
    """A fork of this process that does `act`, watched, and ends."""

    def __init__(self, act: Callable[[Points], None], points: Points) -> None:
        self.points = points
        self.is_there = True
        if connections["default"].vendor == "sqlite":
            connections.close_all()  # SQLite's connections do not survive a fork, not even unused
        self.pid = os.fork()
        if self.pid == 0:
            _live(act, points)

    def wait_until_stopped(self) -> None:
        """Wait for the signal that stops it.

        :raises AssertionError: when it ended instead.
        """
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), self.points.name()

    def wait(self) -> bool:
        """Wait for its end; tell whether it was killed at its point.

        :raises AssertionError: when it failed by itself.
        """
        return self._judge(os.waitpid(self.pid, 0)[1])

    def has_been_killed(self) -> bool:
        """Tell whether it has come to its point and is no more; not to be asked again then.

        :raises AssertionError: when it failed by itself.
        """
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return pid != 0 and self._judge(status)

    def kill(self) -> None:
        """End it, unless it is known to be no more."""
        if self.is_there:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.is_there = False

    def _judge(self, status: int) -> bool:
        self.is_there = False
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == FINISHED, "the child failed by itself"
        return os.WIFSIGNALED(status)


def _live(act: Callable[[Points], None], points: Points) -> None:
    status = FAILED
    try:
        _forget_connections()
        points.install()
        act(points)
        status = FINISHED
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
