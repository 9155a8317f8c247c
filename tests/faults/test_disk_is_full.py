"""The disk is full: 503, nothing half written, and all goes on when there is room again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from audit import trail
from calls.models import Call
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from routing.models import Line
from tests.calls.service import Service
from tests.faults.disk import Disk, full
from tests.people import api
from tests.webhooks.deliveries import make
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks import deliveries, handlers
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer

__all__ = ["full"]
MOST = 1000
NOTE = "x" * 50_000
pytestmark = [pytest.mark.control("R8"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def intake(issuer: Issuer, patience: None, transactional_db: None) -> Iterator[Intake]:
    """Return an intake whose writer connects anew."""
    intake = Intake(issuer.verifier(), Writer())
    yield intake
    intake.stop()


def is_sound() -> bool:
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return cursor.fetchall() == [("ok",)]


def work() -> None:
    with suppress(DatabaseError):
        worker.run_pending()
    with suppress(DatabaseError):
        connection.close()


def test_the_intake_says_503_and_takes_everything_when_there_is_room_again(
    intake: Intake, issuer: Issuer, full: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    token, first = issuer.token(), {}
    with full():
        while len(first) < MOST and list(first.values()).count(503) < 3:
            told = body(item(new_call(), note=NOTE))
            first[json.dumps(told)] = post_now(intake, told, token).status
    assert set(first.values()) <= {202, 503} and 503 in first.values()
    assert "cannot be stored" in caplog.text
    assert Delivery.objects.count() == list(first.values()).count(202) and is_sound()
    again = [told for told, status in first.items() if status == 503]
    assert {post_now(intake, told.encode(), token).status for told in again} == {202}
    assert Delivery.objects.count() == len(first) and is_sound()


def test_what_people_ask_is_503_and_leaves_nothing_half_written(
    main: Line, rita: User, service: Service, intake: Intake, issuer: Issuer, full: Disk
) -> None:
    graph_id = service.ring("main")
    worker.run_pending()
    call, token = Call.objects.get(graph_id=graph_id), issuer.token()
    client = api(rita)
    with full():
        while post_now(intake, body(item(new_call(), note=NOTE)), token).status != 503:
            pass
        answers = [client.post(f"/api/v1/calls/{call.pk}/answer/").status_code for _ in range(30)]
    assert answers.count(202) <= 1 and answers[-1] in (409, 503)
    assert client.get(f"/api/v1/calls/{call.pk}/").status_code == 200
    worker.run_pending()
    assert len(service.made("answer")) == answers.count(202)
    assert trail.verify() is None and is_sound()
    if 202 not in answers:
        assert client.post(f"/api/v1/calls/{call.pk}/answer/").status_code == 202


def test_what_was_stored_is_applied_when_there_is_room_again(
    main: Line, rita: User, service: Service, intake: Intake, issuer: Issuer, full: Disk, clock: Any
) -> None:
    token = issuer.token()
    rings = [service.ring("main") for _ in range(3)]
    with full():
        while post_now(intake, body(item(new_call(), note=NOTE)), token).status != 503:
            pass
        for _ in range(20):
            work()
            clock.forward(61)
    assert not Delivery.objects.filter(status="dead").exists()
    for _ in range(3):
        clock.forward(61)
        work()
    assert {call.graph_id for call in Call.objects.all()} >= set(rings)
    assert not Delivery.objects.filter(call_key__in=rings).exclude(status="applied").exists()
    assert trail.verify() is None and violations() == [] and is_sound()


@pytest.mark.control("R18")
def test_a_database_that_fails_for_long_makes_no_delivery_dead(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, applied = make("a"), list[int]()
    is_full = True

    def handle(rows: Sequence[Delivery]) -> None:
        if is_full:
            raise OperationalError("database or disk is full")
        applied.extend(row.pk for row in rows)

    monkeypatch.setattr(handlers, "_handlers", {"call": handle})
    for _ in range(deliveries.MOST_ATTEMPTS * 3):
        worker.run_pending()
        clock.forward(61)
    row.refresh_from_db()
    assert row.status == "pending" and "full" in row.error
    is_full = False
    worker.run_pending()
    assert applied == [row.pk]
