"""The compiled schema says the same as the interpreted one."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulator import schema
from simulator.checking import Compiler
from simulator.delivery import Delivery
from simulator.exchanges import send

from .conftest import Desk

EXAMPLES = Path(__file__).parents[3] / "shared" / "graph" / "examples"
ODD = (None, True, 0, 1, -1, 1.5, 1e300, "", "x", "#microsoft.graph.call", [], [None], {}, {"id": 1})


def places(body: Any) -> Iterator[tuple[Any, Any]]:
    """List every place in a body: what holds it, and its name or number there."""
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in list(members):
        yield body, name
        yield from places(value)


def spoiled(body: Any, chance: Random) -> Any:
    """Return a body with something odd in one of its places, or in a place of its own."""
    body = copy.deepcopy(body)
    holder, name = chance.choice(list(places(body)))
    if isinstance(holder, dict) and chance.random() < 0.3:
        holder["surprise"] = holder.pop(name)
    else:
        holder[name] = chance.choice(ODD)
    return body


def agree(name: str, body: Any) -> bool:
    """Tell whether both say the same of a body."""
    return schema.QUICK.definition(name)(body) == schema.validator(name).is_valid(body)


def test_of_notifications_and_calls(desk: Desk) -> None:
    call = desk.ring()
    desk.pass_time(seconds=16)
    chance = Random(7)
    bodies = [told.body for told in desk.told if told.call_id == call.id]
    assert len(bodies) == 2
    for body in bodies:
        schema.require("commsNotifications", body)
        assert all(agree("commsNotifications", spoiled(body, chance)) for _ in range(60))


@pytest.mark.skipif(not EXAMPLES.exists(), reason="no examples beside this checkout")
def test_of_documented_bodies() -> None:
    chance = Random(8)
    kinds = {"call": "call", "commsNotifications": "commsNotifications", "user": "user"}
    steps = [
        step for path in sorted(EXAMPLES.glob("*.json")) for step in json.loads(path.read_text()).get("steps", [])
    ]
    known = [(kinds[step["type"]], step["body"]) for step in steps if step["type"] in kinds and step["body"]]
    assert known
    for name, body in known:
        assert agree(name, body)
        assert agree(name, spoiled(body, chance))


def test_every_definition_can_be_compiled_and_tells_odd_values_apart() -> None:
    for name in schema.SCHEMA["$defs"]:
        assert all(agree(name, value) for value in ODD), name


def test_a_keyword_that_is_not_understood_is_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="uniqueItems"):
        Compiler({"$defs": {"odd": {"uniqueItems": True}}}).definition("odd")


def test_no_answer_leaves_that_the_schema_does_not_know() -> None:
    assert send(200, "error", {"error": {"code": "x", "message": "y"}}).status_code == 200
    with pytest.raises(schema.InvalidBody):
        send(200, "call", {"state": "asleep"})


def test_a_notification_that_the_schema_does_not_know_is_a_mistake_on_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = Delivery(signer=None, faults=desk.faults, now=lambda: desk.clock[0], on_delivered=print)  # type: ignore[arg-type]
    monkeypatch.setattr(delivery, "wake", lambda *_: None)
    desk.faults.merge({"legacy_first": True})
    desk.ring()
    good = desk.told[0]
    assert good.legacy
    delivery.offer(good)
    assert "does not fit the schema" not in caplog.text
    odd = copy.deepcopy(good.body)
    odd["value"][0]["resourceData"]["state"] = 7
    for spoilt in (replace(good, body=odd), replace(good, legacy={"id": 7})):
        caplog.clear()
        delivery.offer(spoilt)
        assert "does not fit the schema" in caplog.text
    delivery.stop()
