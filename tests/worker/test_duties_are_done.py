"""A worker claims what is due, hands it to threads, and survives what goes wrong."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError

from commsportal import worker as worker_module
from commsportal.clock import now
from commsportal.models import Beat
from commsportal.worker import Duty, Heart, Worker, register, run_pending

SOON = 60  # seconds; far longer than anything here takes


class Basket:
    """A duty over a list in memory."""

    def __init__(self, threads: int = 2) -> None:
        self.todo: list[object] = []
        self.later: list[tuple[datetime, object]] = []
        self.done: list[object] = []
        self.claims = 0
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.duty: Duty[object] = Duty("basket", threads, self.claim, self.run, self.next_due)

    def claim(self, limit: int) -> Sequence[object]:
        with self.lock:
            self.claims += 1
            at = now()
            self.todo += [piece for due, piece in self.later if due <= at]
            self.later = [(due, piece) for due, piece in self.later if due > at]
            taken, self.todo = self.todo[:limit], self.todo[limit:]
            return taken

    def run(self, piece: object) -> None:
        if isinstance(piece, Exception):
            raise piece
        if callable(piece):
            piece()
        with self.changed:
            self.done.append(piece)
            self.changed.notify_all()

    def next_due(self) -> datetime | None:
        with self.lock:
            return now() if self.todo else min((due for due, _ in self.later), default=None)

    def wait_for(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: len(self.done) >= count, SOON)


@pytest.fixture
def basket() -> Basket:
    return Basket()


@pytest.fixture
def start(transactional_db: None) -> Iterator[Callable[[Basket], Worker]]:
    running: list[Worker] = []

    def start(basket: Basket) -> Worker:
        worker = Worker([basket.duty])
        running.append(worker)
        worker.start()
        return worker

    yield start
    for worker in running:
        assert worker.stop()


def test_all_that_is_due_is_done(basket: Basket, start: Callable[[Basket], Worker]) -> None:
    basket.todo = list(range(50))
    start(basket)
    assert basket.wait_for(50)
    assert sorted(map(str, basket.done)) == sorted(map(str, range(50)))


def test_the_lease_of_what_runs_is_kept_until_it_is_done(
    basket: Basket, start: Callable[[Basket], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "KEEP_SECONDS", 0.01)
    kept, kept_twice, go_on = list[object](), threading.Event(), threading.Event()

    def keep(piece: object) -> None:
        kept.append(piece)
        if kept.count(long_one) == 2:
            kept_twice.set()
            raise OperationalError("the database is away for a moment")
        if kept.count(long_one) == 4:
            go_on.set()

    def long_one() -> None:
        assert kept_twice.wait(SOON) and go_on.wait(SOON)

    basket.duty = replace(basket.duty, keep=keep)
    basket.todo = ["short one"]
    worker = start(basket)
    assert basket.wait_for(1)
    while worker.dispatchers[0].running:
        worker.dispatchers[0].woken.wait(0.01)
    before = len(kept)  # a slow machine may have kept the short one, too, while it ran
    basket.todo.append(long_one)
    worker.wake()
    assert basket.wait_for(2)
    assert worker.stop()
    assert set(kept[before:]) == {long_one}


def test_a_wake_up_brings_new_work_to_light(basket: Basket, start: Callable[[Basket], Worker]) -> None:
    worker = start(basket)
    basket.todo.append("late")
    worker.wake()
    assert basket.wait_for(1)


def test_what_falls_due_is_done_without_a_wake_up(basket: Basket, start: Callable[[Basket], Worker]) -> None:
    basket.later = [(now() + timedelta(milliseconds=100), "timer")]
    start(basket)
    assert basket.wait_for(1)


def test_no_more_is_claimed_than_threads_are_free(start: Callable[[Basket], Worker]) -> None:
    basket, release, running = Basket(threads=2), threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        running.release()
        release.wait(SOON)

    basket.todo = [hold, hold, hold]
    start(basket)
    assert running.acquire(timeout=SOON)
    assert running.acquire(timeout=SOON)
    assert len(basket.todo) == 1
    release.set()
    assert basket.wait_for(3)


def test_a_failure_is_logged_and_the_next_is_done(
    start: Callable[[Basket], Worker], caplog: pytest.LogCaptureFixture
) -> None:
    basket = Basket(threads=1)
    basket.todo = [ValueError("broken"), "fine"]
    start(basket)
    assert basket.wait_for(1)
    assert "basket failed" in caplog.text


@pytest.mark.control("R6")
def test_a_database_that_is_away_is_waited_for(
    basket: Basket, start: Callable[[Basket], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "BACK_OFF_SECONDS", (0.001, 0.01))
    tries = iter(range(5))
    honest = basket.claim

    def away(limit: int) -> Sequence[object]:
        if next(tries, None) is not None:
            raise OperationalError("the database is away")
        return honest(limit)

    basket.duty = Duty("basket", 1, away, basket.run, basket.next_due)
    basket.todo = ["patient"]
    start(basket)
    assert basket.wait_for(1)
    assert next(tries, None) is None


@pytest.mark.control("R21")
def test_a_stop_lets_end_what_runs_and_starts_nothing_more(transactional_db: None) -> None:
    basket, release, running = Basket(threads=1), threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        release.wait(SOON)

    basket.todo = [hold, "never"]
    worker = Worker([basket.duty])
    worker.start()
    assert running.wait(SOON)
    worker.stopping.set()
    release.set()
    assert worker.stop()
    assert (len(basket.done), basket.todo) == (1, ["never"])


def test_a_thread_that_hangs_does_not_hold_the_stop_up(transactional_db: None) -> None:
    basket, release, running = Basket(threads=1), threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        release.wait(SOON)

    basket.todo = [hold]
    worker = Worker([basket.duty])
    worker.start()
    assert running.wait(SOON)
    assert not worker.stop(grace=0.05)
    release.set()
    worker.dispatchers[0].join(SOON)


@pytest.mark.control("R18")
def test_a_piece_that_hangs_is_noticed(transactional_db: None) -> None:
    basket, release, running = Basket(threads=1), threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        release.wait(SOON)

    basket.duty = Duty("basket", 1, basket.claim, basket.run, basket.next_due, longest=0.0)
    basket.todo = [hold]
    worker = Worker([basket.duty])
    assert worker.stuck() == []
    worker.start()
    assert running.wait(SOON)
    assert worker.stuck() == ["basket"]
    release.set()
    assert worker.stop()
    assert worker.stuck() == []


def test_a_worker_gives_signs_of_life_and_withdraws_them(transactional_db: None) -> None:
    heart = Heart("worker")
    Beat.objects.create(name="worker long gone", kind="worker", at=now() - timedelta(hours=2))
    heart.beat()
    assert [beat.name for beat in Beat.objects.all()] == [heart.key]
    heart.start()
    heart.stop()
    heart.join(SOON)
    assert not Beat.objects.exists()


@pytest.mark.django_db
def test_tests_can_do_all_that_is_due_at_once(basket: Basket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_duties", {"basket": basket.duty})
    basket.todo = [lambda: basket.todo.append("more"), ValueError("broken")]
    assert run_pending() == 3
    assert basket.done[-1] == "more"


def test_a_duty_has_a_name_of_its_own(basket: Basket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_duties", {})
    register(basket.duty)
    register(basket.duty)
    with pytest.raises(ValueError, match="basket"):
        register(Basket().duty)


def test_every_app_has_registered_its_duties() -> None:
    names = {duty.name for duty in worker_module.duties()}
    assert {"deliveries", "idempotency keys"} <= names
    assert logging.getLogger("commsportal.worker").isEnabledFor(logging.WARNING)
