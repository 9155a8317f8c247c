"""Do what is due: one dispatcher and one pool of threads for each kind of work, woken by commits and by the clock.

Apps register their duties in `ready()`. Any number of worker processes may run; leases in the database keep them
apart. A process may be killed at any instruction: what it held falls due again when the lease runs out.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection

from commsportal import figures, queues, tracing
from commsportal.clock import now
from commsportal.models import Beat
from commsportal.startup import take_short_turns
from commsportal.wakeups import Listener

T = TypeVar("T")
LOOK_SECONDS = 1.0  # wake-ups may be lost
CROWDED_SECONDS = 0.02  # something is due and another worker has it
BACK_OFF_SECONDS = (0.1, 2.0)
GRACE_SECONDS = 10.0
BEAT_SECONDS = 2.0
KEEP_SECONDS = (
    1.0  # leases of what runs are extended so often: they may be short, and those of the dead run out soon
)
FORGET_BEATS_AFTER = timedelta(hours=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duty(Generic[T]):
    """A kind of due work: `claim(n)` leases up to n pieces, `run` does one, `next_due` says when to look again."""

    name: str
    threads: int
    claim: Callable[[int], Sequence[T]]
    run: Callable[[T], None]
    next_due: Callable[[], datetime | None]
    longest: float = 120.0  # seconds that one piece may take; after that the process is beyond help
    keep: Callable[[T], object] | None = None  # extends the lease of a piece that is being worked on
    about: Callable[[T], Mapping[str, object]] | None = None  # ids of a piece, for the log


_duties: dict[str, Duty[Any]] = {}


def register(duty: Duty[Any]) -> None:
    """Have every worker see to `duty`.

    :raises ValueError: when the name is taken by another duty.
    """
    if _duties.setdefault(duty.name, duty) is not duty:
        raise ValueError(f"There is a duty named {duty.name} already.")


def duties() -> list[Duty[Any]]:
    """Return all registered duties."""
    return list(_duties.values())


def run_pending(max_rounds: int = 50) -> int:
    """Do everything that is due, in this thread, until nothing is; return how many pieces of work that was."""
    done = 0
    for _ in range(max_rounds):
        before = done
        for duty in duties():
            for piece in duty.claim(duty.threads):
                _run(duty, piece)
                done += 1
        if done == before:
            break
    return done


def _run(duty: Duty[T], piece: T) -> bool:
    with tracing.about(**(duty.about(piece) if duty.about else {})):
        try:
            duty.run(piece)
        except Exception:
            logger.exception("%s failed on %r", duty.name, piece)
            return False
    return True


def tidy(failed: bool = False) -> None:
    """Give this thread's connection back to the pool; on SQLite keep it unless something went wrong."""
    if failed or (connection.vendor == "postgresql" and not connection.in_atomic_block):
        connection.close()


class Dispatcher(threading.Thread):
    """Claim the due work of one duty and hand it to the duty's threads."""

    def __init__(self, duty: Duty[Any], stopping: threading.Event) -> None:
        super().__init__(name=f"{duty.name} dispatcher", daemon=True)
        self.duty = duty
        self.stopping = stopping
        self.woken = threading.Event()
        self.pool = ThreadPoolExecutor(duty.threads, thread_name_prefix=duty.name)
        self.free = duty.threads
        self.running: dict[int, tuple[float, Any]] = {}  # each piece and when it was begun, by thread
        self.lock = threading.Lock()
        self.queue_name = f"worker: {duty.name}"
        self.queue = queues.register(self.queue_name, duty.threads, lambda: len(self.running))

    def run(self) -> None:
        """Dispatch until the worker stops; without a database, wait longer and longer and go on."""
        pause, longest = BACK_OFF_SECONDS
        while not self.stopping.is_set():
            try:
                self._dispatch()
                pause = BACK_OFF_SECONDS[0]
            except Exception as error:
                logger.warning("%s cannot look for work: %s", self.duty.name, error)
                tidy(failed=True)
                self.stopping.wait(pause)
                pause = min(pause * 2, longest)
        self.pool.shutdown(wait=True)
        connection.close()

    def _dispatch(self) -> None:
        while not self.stopping.is_set():
            self.woken.clear()
            wait = self._until_due() if self.free else LOOK_SECONDS
            if wait <= 0 and not self._claim_all():
                wait = CROWDED_SECONDS
            tidy()
            if wait > 0:
                self.woken.wait(min(wait, LOOK_SECONDS))

    def _until_due(self) -> float:
        at = self.duty.next_due()
        return LOOK_SECONDS if at is None else (at - now()).total_seconds()

    def _claim_all(self) -> bool:
        """Claim as long as there are free threads and work; tell whether there was any."""
        any_work = False
        while self.free and not self.stopping.is_set():
            pieces = self.duty.claim(self.free)
            if not pieces:
                return any_work
            any_work = True
            with self.lock:
                self.free -= len(pieces)
            for piece in pieces:
                self.pool.submit(self._work, piece)
        return any_work

    def is_stuck(self) -> bool:
        """Tell whether a piece of work has been running for longer than any may."""
        limit = time.monotonic() - self.duty.longest
        return any(begun < limit for begun, _ in list(self.running.values()))

    def keep(self) -> None:
        """Extend the leases of what has been running for a while."""
        begun_before = time.monotonic() - KEEP_SECONDS
        for begun, piece in list(self.running.values()):
            if self.duty.keep and begun <= begun_before:
                self.duty.keep(piece)

    def _work(self, piece: Any) -> None:
        self.running[threading.get_ident()] = time.monotonic(), piece
        try:
            succeeded = _run(self.duty, piece)
            tidy(failed=not succeeded)
        finally:
            del self.running[threading.get_ident()]
            with self.lock:
                self.free += 1
            self.woken.set()


class Regular(threading.Thread):
    """Do something in the database again and again, whether it is there or not."""

    def __init__(self, name: str, act: Callable[[], object], seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self.act = act
        self.seconds = seconds
        self.stopping = threading.Event()

    def run(self) -> None:
        """Act until `stop`."""
        while not self.stopping.is_set():
            self._try(self.act)
            self.stopping.wait(self.seconds)
        self.finish()
        connection.close()

    def finish(self) -> None:
        """Do what is to be done at the end."""

    def stop(self) -> None:
        """End the thread and wait for it."""
        self.stopping.set()
        self.join(timeout=3)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            logger.warning("%s: %s", self.name, error)
            tidy(failed=True)
        else:
            tidy()


class Heart(Regular):
    """Tell the database every two seconds that this process is alive."""

    def __init__(self, kind: str) -> None:
        super().__init__("beat", self.beat, BEAT_SECONDS)
        self.kind = kind
        self.key = f"{kind} {socket.gethostname()[:60]} {os.getpid()}"

    def finish(self) -> None:
        """Withdraw the row."""
        self._try(Beat.objects.filter(pk=self.key).delete)

    def beat(self) -> None:
        """Write one sign of life and forget those of processes long gone."""
        told = {"kind": self.kind, "at": now(), "figures": figures.snapshot()}
        Beat.objects.update_or_create(pk=self.key, defaults=told)
        Beat.objects.filter(at__lt=now() - FORGET_BEATS_AFTER).delete()


class Worker:
    """One worker process: all duties, wake-ups, leases and the sign of life."""

    def __init__(self, todo: Sequence[Duty[Any]] | None = None) -> None:
        self.stopping = threading.Event()
        self.dispatchers = [Dispatcher(duty, self.stopping) for duty in (duties() if todo is None else todo)]
        self.listener = Listener(self.wake)
        self.heart = Heart("worker")
        self.keeper = Regular("leases", self.keep, KEEP_SECONDS)

    def start(self) -> None:
        """Start all threads and return."""
        take_short_turns()
        for thread in (*self.dispatchers, self.listener, self.heart, self.keeper):
            thread.start()

    def wake(self) -> None:
        """Have every dispatcher look for work now."""
        for dispatcher in self.dispatchers:
            dispatcher.woken.set()

    def keep(self) -> None:
        """Extend the leases of all that runs."""
        for dispatcher in self.dispatchers:
            dispatcher.keep()

    def stuck(self) -> list[str]:
        """Return the duties of which a piece hangs: threads cannot be ended, so the process must be."""
        return [dispatcher.duty.name for dispatcher in self.dispatchers if dispatcher.is_stuck()]

    def stop(self, grace: float = GRACE_SECONDS) -> bool:
        """Claim nothing more, let what runs end within `grace` seconds; tell whether all did."""
        deadline = time.monotonic() + grace
        self.stopping.set()
        self.wake()
        for dispatcher in self.dispatchers:
            dispatcher.join(timeout=max(0.0, deadline - time.monotonic()))
            queues.withdraw(dispatcher.queue_name, dispatcher.queue)
        self.listener.stop()
        self.heart.stop()
        self.keeper.stop()
        return not any(dispatcher.is_alive() for dispatcher in self.dispatchers)
