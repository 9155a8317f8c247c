"""Ten thousand notifications at once: all are stored, and who rings now does not wait behind them."""

import json
from itertools import count

import pytest

from commsportal import clock
from tests.webhooks.deliveries import Recorder
from tests.webhooks.issuer import TENANT
from webhooks import deliveries, handlers
from webhooks.models import Delivery
from webhooks.storage import Row, open_store
from webhooks.writer import MOST_ROWS

BURST, RINGS = 10_000, 5
numbers = count(1)
pytestmark = [pytest.mark.control("R22"), pytest.mark.case(53), pytest.mark.django_db(transaction=True)]


def told(call_id: str, *, is_ring: bool = False) -> Row:
    """Return what a notification is to the intake's writer."""
    body = json.dumps({"resourceUrl": f"/communications/calls/{call_id}"})
    return Row(clock.now(), TENANT, f"burst {next(numbers)}", 0, call_id, is_ring, "", "", body)


def test_new_rings_come_before_the_history_of_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    applied, store = Recorder(), open_store()
    monkeypatch.setattr(handlers, "_handlers", {"call": applied})
    for _ in range(0, BURST, MOST_ROWS):
        store.insert([told(f"old {number % 50}") for number in range(MOST_ROWS)])
    assert Delivery.objects.filter(status="pending").count() == BURST

    def work() -> int:
        batches = deliveries.claim(1)
        for rows in batches:
            deliveries.apply(rows)
        return len(batches)

    rang = []
    for ring in range(RINGS):
        call_id = f"new {ring}"
        store.insert([told(call_id, is_ring=True)])
        rang.append(Delivery.objects.get(call_key=call_id).pk)
        assert work() == 1
        assert rang[-1] in applied.batches[-1]
    store.close()
    while work():
        continue
    assert Delivery.objects.filter(status="applied", due_at=None).count() == BURST + RINGS
    assert len(applied.seen) == len(set(applied.seen)) == BURST + RINGS
    by_call: dict[str, list[int]] = {}
    keys = dict(Delivery.objects.values_list("pk", "call_key"))
    for pk in applied.seen:
        by_call.setdefault(keys[pk], []).append(pk)
    assert all(order == sorted(order) for order in by_call.values())
