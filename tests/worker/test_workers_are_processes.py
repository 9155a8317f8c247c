"""Workers and `serve` as processes: killed, stopped, started again."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from commsportal import clock, worker
from commsportal.models import Beat
from tests.webhooks.deliveries import Recorder, make, shift
from tests.webhooks.processes import PATIENCE, ROOT, Process, Server, environment, free_port
from webhooks import deliveries, handlers
from webhooks.models import Delivery

Start = Callable[..., Process]

# A worker whose handler never ends, so that it can be killed in the middle of its work.
HANGING = """
import threading
import django
django.setup()
from commsportal.worker import Worker
from webhooks import deliveries, handlers
def hang(rows):
    print("applying", flush=True)
    threading.Event().wait()
handlers._handlers["call"] = hang
Worker([deliveries.DUTY]).start()
threading.Event().wait()
"""


@pytest.fixture
def start(transactional_db: None, tmp_path: Path) -> Iterator[Start]:
    started: list[Process] = []
    environ = environment(tmp_path, GRAPH_TENANT_ID="", PORT=str(free_port()))

    def start(*arguments: str, kind: type[Process] = Process, **given: object) -> Process:
        log = tmp_path / f"log-{len(started)}"
        process = kind(list(arguments), environ, log, **given)  # type: ignore[arg-type]
        started.append(process)
        return process

    yield start
    for process in started:
        process.end(signal.SIGKILL)


def beats() -> list[str]:
    return [beat.name for beat in Beat.objects.filter(kind="worker")]


@pytest.mark.case(12)
@pytest.mark.control("R2")
def test_what_a_killed_worker_held_is_done_by_the_next(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make("a"), make("b")]
    victim = start("-c", HANGING)
    victim.wait_until(lambda: "applying" in victim.output())
    victim.end(signal.SIGKILL)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}
    recorder = Recorder()
    monkeypatch.setattr(handlers, "_handlers", {"call": recorder})
    shift(monkeypatch, clock.now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1))
    worker.run_pending()
    assert recorder.done == [row.pk for row in rows]
    assert set(Delivery.objects.values_list("status", "attempts")) == {("applied", 2)}


@pytest.mark.control("R18")
def test_a_worker_that_hangs_ends_so_that_it_is_started_again(start: Start) -> None:
    make("a")
    process = start("-c", STUCK)
    process.wait_until(lambda: "is to be started again" in process.output() or process.child.poll() is not None)
    assert process.child.wait(PATIENCE) == os.EX_SOFTWARE


# The worker command with a handler that never ends and little patience.
STUCK = """
import dataclasses, threading
import django
django.setup()
from django.core.management import call_command
from commsportal import worker
from webhooks import handlers
handlers._handlers["call"] = lambda rows: threading.Event().wait()
worker._duties = {"deliveries": dataclasses.replace(worker._duties["deliveries"], longest=0.1)}
call_command("worker")
"""


@pytest.mark.control("R21")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_cleanly_when_asked(start: Start, number: signal.Signals) -> None:
    process = start("manage.py", "worker")
    process.wait_until(lambda: bool(beats()))
    assert process.end(number) == 0
    assert beats() == []
    assert "worker stopped" in process.output()


@pytest.mark.control("R5")
def test_two_workers_keep_the_order_of_each_call(start: Start) -> None:
    rows = [make(f"call-{n % 5}", body='{"changeType": "updated"}') for n in range(300)]
    workers = [start("-c", RECORDING), start("-c", RECORDING)]
    workers[0].wait_until(lambda: not Delivery.objects.filter(status="pending").exists())
    for process in workers:
        process.end()
    lines = sorted(line.split() for process in workers for line in process.output().splitlines())
    order: dict[str, list[int]] = {}
    for _, call, pk in lines:
        order.setdefault(call, []).append(int(pk))
    assert order == {f"call-{n}": [row.pk for row in rows if row.call_key == f"call-{n}"] for n in range(5)}


# A worker in small batches that says what it applied, and when by the clock that all processes share.
RECORDING = """
import threading, time
import django
django.setup()
from commsportal.worker import Worker
from webhooks import deliveries, handlers
deliveries.BATCH = 7
def note(rows):
    for row in rows:
        print(f"{time.monotonic_ns():020} {row.call_key} {row.pk}", flush=True)
handlers._handlers["call"] = note
Worker([deliveries.DUTY]).start()
threading.Event().wait()
"""


def test_once_does_what_is_due_and_ends(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(handlers, "_handlers", {"call": recorder})
    row = make("a")
    call_command("worker", "--once")
    assert recorder.done == [row.pk]


def is_closed(port: int) -> bool:
    own = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        own.request("GET", "/healthz")
    except OSError:
        return True
    finally:
        own.close()
    return False


@pytest.mark.control("R21")
def test_serve_starts_both_restarts_who_dies_and_leaves_nobody(start: Start) -> None:
    port = free_port()
    portal = start("manage.py", "serve", "--port", str(port), kind=Server, port=port)
    assert isinstance(portal, Server)
    portal.wait_until(lambda: portal.is_up() and len(beats()) == 1)
    portal.wait_until(lambda: portal.ask("GET", "/readyz", Host="localhost")[0] == 200)
    first = beats()[0]
    subprocess.run(["kill", "-9", first.split()[-1]], check=True)
    portal.wait_until(lambda: any(name != first for name in beats()))
    assert "worker ended (signal SIGKILL)" in portal.output()
    assert portal.end() == 0
    assert is_closed(port)
    assert beats() == [first]  # who was killed could not withdraw its sign; the other did


def test_serve_without_worker(start: Start) -> None:
    port = free_port()
    portal = start("manage.py", "serve", "--port", str(port), "--no-worker", kind=Server, port=port)
    assert isinstance(portal, Server)
    portal.wait_until(portal.is_up)
    assert portal.ask("GET", "/readyz", Host="localhost")[0] == 503
    assert portal.end() == 0
    assert beats() == []


@pytest.mark.control("P7")
def test_serve_refuses_unsafe_settings_in_production(transactional_db: None, tmp_path: Path) -> None:
    environ = environment(tmp_path, DEPLOYMENT="production", PUBLIC_URL="http://portal.example", ALLOWED_HOSTS="*")
    command = [sys.executable, "manage.py", "serve", "--port", str(free_port())]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "commsportal.E004" in ended.stderr
    assert "commsportal.E005" in ended.stderr
