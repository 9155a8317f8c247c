"""The power is cut at any moment: what is there afterwards is a beginning of history, and whole."""

import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from django.db import connection
from django.utils import timezone

from audit import trail
from calls.models import Call
from commsportal import worker
from commsportal.clock import now
from commsportal.invariants import violations
from routing.models import Line
from tests.calls.service import Service, incoming
from tests.faults.working import SOON
from tests.people import tenant_id
from webhooks import deliveries
from webhooks.models import Delivery
from webhooks.storage import Row, open_store

COPIES, CUTS, SEED = 3, 15, 20
FEW = 10  # deliveries between two copies
pytestmark = [
    pytest.mark.control("R20"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patience"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="copies SQLite's files"),
]


class Load:
    """Rings that are stored one after the other, numbered, by one thread, and applied by another."""

    def __init__(self) -> None:
        self.stored = 0
        self.applied = threading.Semaphore(0)
        self.more = threading.Condition()
        self.stopping = threading.Event()
        self.failures: list[Exception] = []
        self.threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._store, self._apply)]

    def _guard(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except Exception as error:
            self.failures.append(error)
        finally:
            connection.close()

    def _store(self) -> None:
        store = open_store()
        for number in count(1):
            if self.stopping.is_set():
                break
            store.insert([ring(number)])
            with self.more:
                self.stored = number
                self.more.notify_all()
        store.close()

    def _apply(self) -> None:
        while not self.stopping.is_set():
            worker.run_pending(1)

    def wait_for(self, number: int) -> None:
        """Wait until so many are stored."""
        with self.more:
            assert self.more.wait_for(lambda: self.stored >= number, SOON), self.failures


def ring(number: int) -> Row:
    """Return the delivery of a new call."""
    call_id = f"00000000-0000-4000-8000-{number:012d}"
    told = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": "created",
        "resourceUrl": f"/communications/calls/{call_id}",
        "resourceData": {"@odata.type": "#microsoft.graph.call"} | incoming("main"),
    }
    return Row(now(), tenant_id(), f"message {number}", 0, call_id, True, "", "", json.dumps(told))


@contextmanager
def load() -> Iterator[Load]:
    made = Load()
    for thread in made.threads:
        thread.start()
    try:
        yield made
    finally:
        made.stopping.set()
        for thread in made.threads:
            thread.join(SOON)
    assert made.failures == []


@contextmanager
def no_checkpoint(path: Path) -> Iterator[None]:
    """Keep SQLite from moving anything from its log to the database: a copy of both takes more than an instant."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        assert reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM webhooks_delivery").fetchone()
        yield


def copy_file(path: Path, to: Path) -> None:
    """Copy a file of an open database. Here, closing it would drop the locks that this process has on it."""
    subprocess.run(["cp", path, to], check=True)


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Have the portal work on a copy, as it does after the power is back."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def test_each_moment_leaves_a_beginning_of_history(main: Line, service: Service, tmp_path: Path) -> None:
    path, chosen = Path(connection.settings_dict["NAME"]), Random(SEED)
    taken: list[tuple[Path, Path, int, int]] = []
    with no_checkpoint(path), load() as running:
        for number in range(COPIES):
            running.wait_for(running.stored + FEW)
            acknowledged = running.stored
            base, log = tmp_path / f"{number}.db", tmp_path / f"{number}.log"
            copy_file(path, base)
            copy_file(Path(f"{path}-wal"), log)
            taken.append((base, log, acknowledged, running.stored + 1))  # one may be there and not counted yet
    lengths = set()
    for base, log, acknowledged, most in taken:
        whole = log.read_bytes()
        for cut in [len(whole), *(chosen.randrange(len(whole)) for _ in range(CUTS))]:
            found = after_the_cut(base, whole[:cut], tmp_path / "after.db")
            assert found <= most
            assert cut < len(whole) or found >= acknowledged  # what was answered 202 is there
            lengths.add(found)
    assert len(lengths) > COPIES


def after_the_cut(base: Path, log: bytes, copy: Path) -> int:
    """Open what is left and check it; return how many deliveries it holds."""
    for old in copy.parent.glob(f"{copy.name}*"):
        old.unlink()
    shutil.copyfile(base, copy)
    Path(f"{copy}-wal").write_bytes(log)
    with opened(copy):
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert cursor.execute("PRAGMA foreign_key_check").fetchall() == []
        keys = list(Delivery.objects.order_by("pk").values_list("message_key", flat=True))
        assert keys == [f"message {number}" for number in range(1, len(keys) + 1)]
        applied = set(Delivery.objects.filter(status="applied").values_list("call_key", flat=True))
        assert set(Call.objects.values_list("graph_id", flat=True)) == applied
        assert trail.verify() is None and violations() == []
    return len(keys)


def test_the_portal_goes_on_from_there(
    main: Line, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = Path(connection.settings_dict["NAME"]), tmp_path / "after.db"
    with no_checkpoint(path), load() as running:
        running.wait_for(FEW)
        copy_file(path, copy)
        copy_file(Path(f"{path}-wal"), tmp_path / "log")
    log = (tmp_path / "log").read_bytes()
    Path(f"{copy}-wal").write_bytes(log[: len(log) * 2 // 3])
    with opened(copy):
        store = open_store()
        store._name = str(copy)  # type: ignore[attr-defined]
        stored = Delivery.objects.count()
        store.insert([ring(stored + 1)])
        store.close()
        later = now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1)  # what was under way at the cut is leased
        monkeypatch.setattr(timezone, "now", lambda: later)
        worker.run_pending()
        assert Call.objects.count() == stored + 1
        assert trail.verify() is None and violations() == []
