"""Conditions on long lists choose what `__in` chooses, by one parameter."""

import uuid
from datetime import UTC, datetime

import pytest

from calls.models import Call, Timer
from commsportal.among import among

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
ODD = ["it's", 'a "b" \\ 100%', "ünï\U0001f4de", "{1,2}", "NULL", ""]


@pytest.fixture
def some_calls() -> list[Call]:
    facts = {"tenant_id": "t", "direction": "incoming", "state": "incoming", "received_at": AT, "last_seen_at": AT}
    return [Call.objects.create(graph_id=text, **facts) for text in ODD]


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_found_however_odd(some_calls: list[Call], text: str) -> None:
    found = Call.objects.filter(among("graph_id", [text, "nowhere"]))
    assert [call.graph_id for call in found] == [text]


def test_ids_are_found_and_left_out(some_calls: list[Call]) -> None:
    wanted = [call.pk for call in some_calls[:2]]
    assert {call.pk for call in Call.objects.filter(among("pk", [*wanted, uuid.uuid4()]))} == set(wanted)
    assert {call.pk for call in Call.objects.exclude(among("pk", wanted))} == {c.pk for c in some_calls[2:]}


def test_a_relation_is_named_by_its_column(some_calls: list[Call]) -> None:
    timers = [Timer.objects.create(call=call, kind="confirm", due_at=AT) for call in some_calls]
    chosen = among("call_id", [some_calls[0].pk]) | among("pk", [timers[1].pk])
    assert set(Timer.objects.filter(chosen)) == set(timers[:2])


@pytest.mark.parametrize("field", ["pk", "graph_id"])
def test_an_empty_list_chooses_nothing(some_calls: list[Call], field: str) -> None:
    assert not Call.objects.filter(among(field, [])).exists()
    assert Call.objects.exclude(among(field, [])).count() == len(some_calls)


def test_the_statement_does_not_grow_with_the_list() -> None:
    short, long = (Call.objects.filter(among("pk", [uuid.uuid4() for _ in range(count)])) for count in (1, 500))
    assert short.query.sql_with_params()[0] == long.query.sql_with_params()[0]
    assert len(long.query.sql_with_params()[1]) == 1
