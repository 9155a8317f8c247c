"""A process that is killed, or stopped past its lease, at each single step of intake, apply and send."""

import os
import signal
from collections.abc import Iterator

import pytest
from django.db import connection

from audit import trail
from calls import operations, sending
from calls.models import Operation
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.stories import Graph, Story
from tests.graph.fake_service import Authority
from tests.torture.points import Child, Points
from tests.webhooks.issuer import Issuer
from webhooks import storage, writer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("patience")]
LEAST_POINTS = 60
WELL = {
    "state": "terminated",
    "outcome": "taken",
    "operations": [("redirect", "done")],
    "deliveries": ["applied", "applied"],
    "effects": 1,
}


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine take its time to store a notification."""
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(storage, "BUSY_SECONDS", 60.0)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def graph(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    made = Graph(authority)
    monkeypatch.setattr(conf, "client", made.client)
    yield made
    made.stop()


def step_between_points() -> int:
    """Return 1: every point; where commits take long, every third unless ALL_POINTS is set."""
    return 3 if connection.vendor == "postgresql" and not os.environ.get("ALL_POINTS") else 1


@pytest.mark.control("R1")
@pytest.mark.control("R2")
@pytest.mark.control("R3")
@pytest.mark.timeout(300)
def test_a_call_comes_out_well_wherever_its_process_is_killed(
    graph: Graph, issuer: Issuer, rita: User, main: Line
) -> None:
    fatal, was_killed, step = 0, True, step_between_points()
    while was_killed:
        fatal += step
        story, points = Story(graph, issuer, rita), Points(fatal)
        was_killed = Child(story.live, points).wait()
        at = f"point {fatal}: {points.name()}"
        assert {story.message(name) for name in story.acknowledged()} <= set(story.stored()), at
        story.live_on()
        assert story.ending() == WELL, at
        story.close()
        points.close()
    assert fatal > LEAST_POINTS
    assert violations() == []
    assert trail.verify() is None


@pytest.mark.control("R19")
@pytest.mark.parametrize("where", ["before request to Graph", "before exchange with Graph"])
def test_a_process_stopped_past_its_lease_while_it_sends_sends_nothing_when_it_goes_on(
    graph: Graph, issuer: Issuer, rita: User, main: Line, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(sending, "LEAVE_SECONDS", 0.5)
    monkeypatch.setattr(operations, "LEASE_SECONDS", 0.6)
    story = Story(graph, issuer, rita)
    story.notify("ring")
    worker.run_pending()
    story.decide()
    stopped = Child(lambda points: operations.run(operations.claim(1)[0]), Points(where, signal.SIGSTOP))
    stopped.wait_until_stopped()
    while Operation.objects.filter(status="pending", accepted_at=None).exists():
        worker.run_pending()  # until the lease has run out, nothing is due
    assert graph.effects[story.graph_id] == 1
    asked = len(graph.seen)
    os.kill(stopped.pid, signal.SIGCONT)
    assert not stopped.wait()
    assert len(graph.seen) == asked
    story.live_on()
    assert story.ending() == WELL
    story.close()
