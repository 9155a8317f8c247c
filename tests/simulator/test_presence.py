"""Whether people are free (REFERENCE 10)."""

from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from simulator import graph_presence
from simulator.engine import GraphFault, presence
from simulator.engine.habits import Habits
from simulator.quotas import Quotas

from .conftest import Desk
from .groups import joined_group
from .process import Running
from .test_calls_follow_their_states import outgoing


def seen(desk: Desk, upn: str) -> tuple[str, str]:
    """Return somebody's presence."""
    return presence.of(desk.engine, desk.person(upn), presence.busy(desk.engine))


def test_presence_follows_calls(desk: Desk) -> None:
    assert seen(desk, "bianca.rossi") == ("Available", "Available")
    call = outgoing(desk, desk.person("bianca.rossi").id)
    assert seen(desk, "bianca.rossi") == ("Available", "Available"), "it only rings"
    desk.pass_time(seconds=5)
    assert seen(desk, "bianca.rossi") == ("Busy", "InACall")
    desk.engine.end(call, None, "service")
    assert seen(desk, "bianca.rossi") == ("Available", "Available")
    joined_group(desk)
    assert seen(desk, "bianca.rossi") == ("Busy", "InAConferenceCall")


def test_what_somebody_chose_beats_what_they_do(desk: Desk) -> None:
    desk.person("bianca.rossi").presence = ("DoNotDisturb", "Presenting")
    joined_group(desk)
    assert seen(desk, "bianca.rossi") == ("DoNotDisturb", "Presenting")


def test_through_the_day_people_come_meet_eat_and_leave(desk: Desk) -> None:
    desk.faults.merge({"presence_through_the_day": True})
    people = list(desk.app.tenant.people.values())

    def at(hour: int) -> Counter[tuple[str, str]]:
        desk.clock[0] = datetime(2026, 3, 2, hour, 10, tzinfo=UTC)
        return Counter(presence.of(desk.engine, person, {}) for person in people)

    assert set(at(6)) == set(at(20)) == {("Offline", "OffWork")}
    assert set(at(12)) == {("Away", "Away"), ("Available", "Available")}
    assert {("Busy", "InAMeeting"), ("Available", "Available")} <= set(at(10))
    assert at(10) == at(10) != at(11)
    desk.clock[0] = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert presence.of(desk.engine, people[0], {}) == ("Offline", "OffWork"), "a Sunday"


def test_who_is_out_at_lunch_is_away_and_does_not_pick_up(desk: Desk) -> None:
    desk.engine.habits = Habits(absent=1.0)
    assert seen(desk, "bianca.rossi") == ("Away", "Away")
    call = outgoing(desk, desk.person("bianca.rossi").id)
    desk.pass_time(minutes=1)
    assert call.result and call.result.code == 480


def test_who_asks_too_often_is_told_when_to_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (graph_presence.MOST_REQUESTS, graph_presence.SECONDS) == (1500, 30)
    monkeypatch.setattr(graph_presence, "MOST_REQUESTS", 2)
    exchange: Any = SimpleNamespace(caller=desk.app, world=SimpleNamespace(presence_quotas=Quotas()))
    for _ in range(2):
        graph_presence.admit(exchange, "presence")
    with pytest.raises(GraphFault) as fault:
        graph_presence.admit(exchange, "presence")
    assert (fault.value.status, fault.value.code) == (429, "TooManyRequests")
    assert 0 < int(fault.value.headers["Retry-After"]) <= 30


def test_many_are_asked_at_once_and_strangers_are_left_out(simulator: Running) -> None:
    ids = [simulator.person(name)["id"] for name in ("rita", "omar")]
    path = "/communications/getPresencesByUserId"
    answer = simulator.graph("POST", path, {"ids": [*ids, ids[0].upper(), "nobody"]})
    assert [row["id"] for row in answer.json()["value"]] == ids
    assert simulator.graph("POST", path, {"ids": ["x"] * 651}).status_code == 400
    assert simulator.graph("POST", path, {"ids": []}).status_code == 400


def test_one_is_asked_by_two_addresses_and_set_by_the_plain_port(simulator: Running) -> None:
    rita = simulator.person("rita")
    path = f"/api/people/{rita['id']}"
    wanted = {"presence": {"availability": "Busy", "activity": "InAMeeting"}, "out_of_office": "Back on Monday"}
    assert simulator.put(path, wanted)["presence"] == wanted["presence"] | {"by_hand": True}
    for where in (f"/users/{rita['upn']}/presence", f"/communications/presences/{rita['id']}"):
        found = simulator.graph("GET", where).json()
        assert (found["availability"], found["activity"]) == ("Busy", "InAMeeting")
        assert found["outOfOfficeSettings"]["message"] == "Back on Monday"
    assert simulator.graph("GET", "/users/nobody/presence").status_code == 404
    assert (
        simulator.plain.put(f"{simulator.base}{path}", json={"presence": {"availability": "Asleep"}}).status_code
        == 400
    )
    assert simulator.put(path, {"presence": None, "out_of_office": None})["presence"]["by_hand"] is False


def test_presence_needs_its_right(simulator: Running) -> None:
    tenant = simulator.connection["tenant"]
    simulator.put("/api/permissions", {tenant: ["User.Read.All"]})
    session = simulator.session()
    session.headers["Authorization"] = f"Bearer {simulator.token()}"
    url = f"{simulator.connection['graph']}/communications/presences/{simulator.person('rita')['id']}"
    assert session.get(url).status_code == 403
