"""`findMeetingTimes`, asked by the portal's own client with somebody's own token (REFERENCE 23.8)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.client import GraphClient
from graph.errors import Forbidden, Refused
from graph.meeting_times import READ, MeetingTimes
from graph.transport import Wire

from .process import Running
from .test_delegated_tokens import ask, tokens_of

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


class Given:
    """A token that there is."""

    def __init__(self, token: str) -> None:
        self.token = token

    def bearer(self) -> str:
        return self.token

    def drop(self, token: str) -> None:
        """Keep it: there is no other."""


def times_of(simulator: Running, *scopes: str) -> MeetingTimes:
    """Return what asks as the manager."""
    told = simulator.connection
    token = Given(tokens_of(simulator, "max", *scopes)["access_token"])
    return MeetingTimes(GraphClient(told["graph"], told["tenant"], token, Wire(told["ca"])))


@pytest.fixture
def times(simulator: Running) -> MeetingTimes:
    return times_of(simulator, READ)


@pytest.fixture(autouse=True)
def emptied(simulator: Running) -> Iterator[None]:
    """Leave no event behind: the process is shared."""
    yield
    for name in ("max", "omar"):
        path = f"/users/{simulator.person(name)['id']}/events"
        for event in simulator.graph("GET", f"{path}?$top=1000").json()["value"]:
            assert simulator.graph("DELETE", f"{path}/{event['id']}").status_code == 204


def take(simulator: Running, name: str, hour: int, hours: int = 1, **members: Any) -> None:
    """Put something into a calendar."""
    start, end = ({"dateTime": f"2027-03-01T{at:02}:00:00", "timeZone": "UTC"} for at in (hour, hour + hours))
    body = {"subject": "Taken", "start": start, "end": end, **members}
    path = f"/users/{simulator.person(name)['id']}/events"
    assert simulator.graph("POST", path, body).status_code == 201


def hours(found: Any) -> list[str]:
    return [f"{one.start.wall:%H:%M}" for one in found.times]


def test_times_at_which_all_can_come_are_the_best(simulator: Running, times: MeetingTimes) -> None:
    take(simulator, "omar", 9)
    take(simulator, "max", 11)
    found = times.find(["omar@contoso.example"], [(NINE, NINE + 4 * HOUR)], HOUR)
    assert hours(found) == ["10:00", "12:00"] and found.why_none == ""
    best = found.times[0]
    assert (best.confidence, best.organizer, best.attendees) == (100, "free", (("omar@contoso.example", "free"),))
    assert best.end.wall - best.start.wall == HOUR and "all attendees" in best.reason


def test_strangers_and_half_promises_count_half(simulator: Running, times: MeetingTimes) -> None:
    take(simulator, "omar", 9, showAs="tentative")
    people = ["omar@contoso.example", "guest@fabrikam.example"]
    found = times.find(people, [(NINE, NINE + 2 * HOUR)], HOUR, least_percentage=40)
    assert [(one.confidence, one.start.wall.hour) for one in found.times] == [(74.5, 10), (49.0, 9), (49.0, 9)]
    assert found.times[0].attendees[1] == ("guest@fabrikam.example", "unknown")


def test_why_there_are_none_is_told(simulator: Running, times: MeetingTimes) -> None:
    take(simulator, "omar", 9)
    window = [(NINE, NINE + HOUR)]
    assert times.find(["omar@contoso.example"], window, HOUR).why_none == "attendeesUnavailable"
    strangers = times.find(["guest@fabrikam.example"], window, HOUR, least_percentage=100)
    assert strangers.why_none == "attendeesUnavailableOrUnknown"
    take(simulator, "max", 9, showAs="oof")
    assert times.find([], window, HOUR).why_none == "organizerUnavailable"
    assert hours(times.find([], window, HOUR, is_organizer_optional=True)) == ["09:00"]


def test_working_hours_count_unless_they_do_not(times: MeetingTimes) -> None:
    evening = [(NINE + 10 * HOUR, NINE + 11 * HOUR)]
    assert times.find([], evening, HOUR).why_none == "unknown"
    assert hours(times.find([], evening, HOUR, at_work=False)) == ["19:00"]
    assert len(times.find([], [(NINE, NINE + 7 * HOUR)], HOUR, most=3).times) == 3


def test_it_needs_its_scope_and_a_person(simulator: Running) -> None:
    for scopes in ((), ("OnlineMeetings.ReadWrite",)):
        with pytest.raises(Forbidden) as refusal:
            times_of(simulator, *scopes).find([], [(NINE, NINE + HOUR)], HOUR)
        assert refusal.value.permission == READ
    assert simulator.graph("POST", "/me/findMeetingTimes", {}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"meetingDuration": "PT0M"},
        {"meetingDuration": "P2D"},
        {"attendees": "omar"},
        {"unheard": True},
        {"timeConstraint": {"timeSlots": [{"start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}}]}},
    ],
)
def test_what_makes_no_sense_is_refused(simulator: Running, body: dict[str, Any]) -> None:
    token = tokens_of(simulator, "max", READ)["access_token"]
    assert ask(simulator, token, "POST", "/me/findMeetingTimes", body).status_code == 400


def test_without_anything_asked_the_next_days_are_looked_at(simulator: Running) -> None:
    token = tokens_of(simulator, "max", READ)["access_token"]
    answer = ask(simulator, token, "POST", "/me/findMeetingTimes", {}).json()
    assert len(answer["meetingTimeSuggestions"]) == 20 and answer["meetingTimeSuggestions"][0]["order"] == 1


@pytest.mark.parametrize(
    ("windows", "length", "more"),
    [
        ([], HOUR, {}),
        ([(NINE, NINE)], HOUR, {}),
        ([(NINE.replace(tzinfo=None), NINE + HOUR)], HOUR, {}),
        ([(NINE, NINE + HOUR)], timedelta(), {}),
        ([(NINE, NINE + HOUR)], timedelta(seconds=90), {}),
        ([(NINE, NINE + HOUR)], timedelta(days=2), {}),
        ([(NINE, NINE + HOUR)], HOUR, {"most": 0}),
        ([(NINE, NINE + HOUR)], HOUR, {"least_percentage": 101}),
    ],
)
def test_the_client_does_not_even_ask_for_nonsense(windows: Any, length: timedelta, more: dict[str, Any]) -> None:
    unreachable = GraphClient("https://graph.test/v1.0", "tenant", Given("x"), Wire())
    with pytest.raises(Refused) as refusal:
        MeetingTimes(unreachable).find([], windows, length, **more)
    assert refusal.value.code == "InvalidTimes"
