"""What a process keeps in memory until somebody takes it is bounded, told, and nothing in the end."""

import asyncio
from pathlib import Path

import pytest
from django.test import Client

from calls.live.hub import Hub
from commsportal import crowds, queues
from commsportal.worker import Worker, duties
from tests.invariants import QUEUE
from webhooks import intake

pytestmark = pytest.mark.control("I14")
DOCUMENT = Path(__file__).parents[2] / "docs" / "pages.md"


@pytest.fixture
def all_of_them() -> None:
    """Make, without starting them, what registers queues."""

    async def feed() -> None:
        hub = Hub()
        hub.start()
        hub.stop()

    Worker()
    asyncio.run(feed())
    assert intake.application.writer


@pytest.mark.django_db
def test_every_queue_has_a_bound_and_is_told(all_of_them: None, client: Client) -> None:
    known = {"requests", "notifications", "notifications to write"}
    known |= {"handshakes", "messages to sockets", "claims to renew"}
    known |= {f"worker: {duty.name}" for duty in duties()}
    assert known <= queues.lengths().keys()
    told = client.get("/metrics", headers={"host": "localhost:8000"}).content.decode()
    lengths = {name: float(length) for name, length in QUEUE.findall(told)}
    assert known <= lengths.keys()
    assert {name: length for name, length in lengths.items() if length} == {"requests": 1}
    for name in known:
        start = f'portal_queue_bound{{queue="{name}"}}'
        bound = next(line for line in told.splitlines() if line.startswith(start))
        assert float(bound.rpartition(" ")[2]) > 0


def test_every_queue_is_documented(all_of_them: None) -> None:
    text = DOCUMENT.read_text()
    assert [name for name in queues.lengths() if f"`{name.partition(' ')[0]}" not in text] == []


def test_what_is_there_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with crowds.places.one():
        assert queues.lengths()["requests"] == 1
    assert queues.lengths()["requests"] == 0
    monkeypatch.setattr(intake.application, "in_flight", 7)
    assert queues.lengths()["notifications"] == 7


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_has_stopped_leaves_no_figure_behind() -> None:
    former, latter = Worker(), Worker()
    told = {f"worker: {duty.name}" for duty in duties()}
    for stopped, left in ((former, told), (latter, set())):
        stopped.start()
        assert stopped.stop()
        assert told & queues.lengths().keys() == left
