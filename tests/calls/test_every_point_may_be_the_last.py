"""A process that is killed, or stopped past its lease, at each single step of intake, decision, apply and send."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit import trail
from calls import operations, patience, sending
from calls.models import Operation
from commsportal import worker
from directory.models import User
from graph import conf, transport
from routing.models import Line
from tests.calls.other_side import Both, Graph, logged_to
from tests.calls.stories import PLOTS, Clock, Story
from tests.graph.fake_service import Authority
from tests.invariants import assert_holds
from tests.torture.points import Child, Points
from tests.webhooks.issuer import Issuer
from webhooks import storage, writer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unhurried")]
LEAST_POINTS = 40
EACH = {"sqlite": 13, "postgresql": 17}  # of so many points one is taken, unless ALL_POINTS is set
DEADLINE, USEFUL = 300, 600


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let a slow machine take its time to store a notification, to decide and to send."""
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(storage, "BUSY_SECONDS", 60.0)
    monkeypatch.setattr(patience, "DECISION_SECONDS", USEFUL)
    monkeypatch.setattr(sending, "LEAVE_SECONDS", 60.0)
    monkeypatch.setattr(operations, "LEASE_SECONDS", 120.0)
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(transport, "READ_SECONDS", 60.0)
    settings.RING_DECISION_SECONDS = DEADLINE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def graph(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Graph]:
    """Return Graph; every invariant holds at the end."""
    made = Graph(authority)
    monkeypatch.setattr(conf, "client", made.client)
    with logged_to(tmp_path / "log"):
        yield made
        assert_holds(Both(made, tmp_path / "log"), seconds=0)
        assert trail.verify() is None
    made.stop()


def chosen(plot: str) -> Iterator[int]:
    """Yield the points to be killed at: all, or one of several, beginning elsewhere in each plot."""
    step = 1 if os.environ.get("ALL_POINTS") else EACH[connection.vendor]
    return itertools.count(1 + list(PLOTS).index(plot) % step, step)


@pytest.mark.control("R1")
@pytest.mark.control("R2")
@pytest.mark.control("R3")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", PLOTS)
def test_a_call_comes_out_well_wherever_its_process_is_killed(
    graph: Graph,
    issuer: Issuer,
    rita: User,
    main: Line,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    plot, endings = PLOTS[name], []
    for fatal in chosen(name):
        story, points = Story(graph, issuer, rita, clock, plot), Points(fatal)
        story.begin()
        was_killed = Child(story.live, points).wait()
        at = f"point {fatal}: {points.name()}"
        assert {story.message(told) for told in story.acknowledged()} <= set(story.stored()), at
        expected = story.expected()
        story.live_on()
        endings.append(story.ending())
        assert endings[-1] in expected, at
        story.close()
        if not was_killed:
            break
        points.close()
    total = points.passed()
    points.close()
    with capsys.disabled():
        print(f"\n{name}: killed at {len(endings) - 1} of {total} points on {connection.vendor}")
    assert total >= LEAST_POINTS
    assert endings[-1] == plot.well
    if os.environ.get("ALL_POINTS"):
        assert plot.well | plot.in_doubt in endings


@pytest.mark.control("R19")
@pytest.mark.parametrize("where", ["before request to Graph", "before exchange with Graph"])
def test_a_process_stopped_past_its_lease_while_it_sends_sends_nothing_when_it_goes_on(
    graph: Graph,
    issuer: Issuer,
    rita: User,
    main: Line,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    monkeypatch.setattr(sending, "LEAVE_SECONDS", 0.5)
    monkeypatch.setattr(operations, "LEASE_SECONDS", 0.6)
    story = Story(graph, issuer, rita, clock)
    story.notify("ring", story.ring)
    worker.run_pending()
    story.decide("redirect")
    stopped = Child(lambda points: operations.run(operations.claim(1)[0]), Points(where, signal.SIGSTOP))
    stopped.wait_until_stopped()
    while Operation.objects.filter(status="pending", accepted_at=None).exists():
        worker.run_pending()  # until the lease has run out, nothing is due
    assert graph.effects[story.graph_id] == {"redirect": 1}
    asked = len(graph.seen)
    os.kill(stopped.pid, signal.SIGCONT)
    assert not stopped.wait()
    assert len(graph.seen) == asked
    story.live_on()
    assert story.ending() == story.plot.well
    story.close()
