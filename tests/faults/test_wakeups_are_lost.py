"""No wake-up arrives, from the beginning to the end: looking alone finds all there is to do and to tell."""

import threading

import pytest

from audit.models import Entry
from calls import commands
from calls.live import tail as tails
from calls.live.tail import Tail, Turn
from calls.models import Call
from commsportal import worker as workers
from commsportal.wakeups import Listener
from commsportal.worker import Worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.faults.working import SOON, wait_until, working

__all__ = ["deaf", "working"]
pytestmark = [pytest.mark.control("R15"), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop every wake-up; look more often than every second, so that the test is short."""
    monkeypatch.setattr(Listener, "_wake", lambda self: None)
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(tails, "LOOK_SECONDS", 0.1)


def test_a_call_is_taken_to_its_end(main: Line, rita: User, service: Service, working: Worker) -> None:
    for round_ in range(3):
        graph_id = service.ring("main")
        calls = Call.objects.filter(graph_id=graph_id)
        wait_until(calls.filter(state="incoming").exists)
        row = commands.redirect(calls.get().pk, rita)
        wait_until(type(row).objects.filter(pk=row.pk, accepted_at__isnull=False).exists)
        tell(graph_id, "deleted", state("terminated"))
        wait_until(calls.filter(state="terminated", outcome="taken").exists)
        assert len(service.made("redirect")) == round_ + 1


def test_consoles_hear_everything(main: Line, service: Service, working: Worker) -> None:
    seen, reached = set[str](), threading.Condition()

    def deliver(turn: Turn) -> None:
        with reached:
            seen.update(str(card.call_id) for card in turn.cards)
            reached.notify_all()
        tail.taken.set()

    tail = Tail(deliver)
    tail.start()
    try:
        for _ in range(3):
            call_ids = {service.ring("main") for _ in range(4)}
            wait_until(lambda ids=call_ids: Call.objects.filter(graph_id__in=ids).count() == 4)
            wanted = {str(pk) for pk in Call.objects.values_list("pk", flat=True)}
            with reached:
                assert reached.wait_for(lambda wanted=wanted: seen >= wanted, SOON)
        assert Entry.objects.filter(kind="call.incoming").count() == 12
    finally:
        tail.stop()
        tail.join(SOON)
