"""What must hold of deliveries is noticed when it does not."""

from datetime import timedelta
from typing import Any

import pytest

from commsportal.clock import now
from tests.found import found
from tests.webhooks.deliveries import make

pytestmark = pytest.mark.django_db


@pytest.mark.control("I1")
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "applied", "due_at": None},
        {"status": "dead", "due_at": None},
        {"status": "applied", "due_at": None, "applied_at": now(), "lease_until": now()},
        {"due_at": now() - timedelta(minutes=2)},
        {"due_at": now() - timedelta(hours=1), "lease_until": now() - timedelta(minutes=2)},
    ],
    ids=["applied-never", "dead-for-nothing", "done-and-held", "nobody-applies", "held-by-the-dead"],
)
def test_a_delivery_that_is_neither_applied_nor_dead_nor_seen_to_is_noticed(fields: dict[str, Any]) -> None:
    delivery = make("call", **fields)
    assert [line.split()[:3] for line in found("I1")] == [["I1:", "delivery", str(delivery.pk)]]


@pytest.mark.control("I1")
def test_deliveries_in_their_places_are_no_finding() -> None:
    make("call")
    make("call", due_at=now() - timedelta(hours=1), lease_until=now() + timedelta(seconds=3))
    make("call", status="applied", due_at=None, applied_at=now())
    make("call", status="dead", due_at=None, error="poison")
    assert found("I1") == []


@pytest.mark.control("I13")
def test_a_tone_that_is_kept_is_noticed() -> None:
    make("call", body='{"resourceData":{"toneInfo":{"sequenceId":1}}}')
    assert found("I13") == []
    kept = make("call", body='{"resourceData":{"toneInfo":{"sequenceId":1,"tone":"tone5"}}}')
    assert found("I13") == [f"I13: delivery {kept.pk} keeps a tone"]
