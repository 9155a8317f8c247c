"""Who is free: wanted by consoles, read by a worker, forgotten when nobody looks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commsportal import worker
from commsportal.clock import now
from commsportal.models import Pause
from commsportal.pauses import Urgency
from directory import presence
from directory.models import Person, Presence, PresenceState, User
from graph import conf
from graph.errors import OutcomeUnknown
from graph.presence import ASKED_AT_ONCE
from routing.models import Line
from tests.directory.presences import Teams, refusal
from tests.people import api, make_person, tenant_id

OTHER_TENANT = "dddddddd-0000-4000-8000-000000000001"


class Clock:
    """The portal's clock: it stands until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Return the clock that every module of the portal reads."""
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    yield made


@pytest.fixture
def teams(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Teams:
    """Return Microsoft's side, reached through the product's own client."""
    made = Teams()
    monkeypatch.setattr(conf, "client", made.client)
    return made


@pytest.fixture
def dana(rita: User) -> Person:
    """Return a colleague of rita's."""
    return make_person("Dana Lee")


def asked(user: User, *people: Person) -> dict[str, Any]:
    """Return what a console of `user` is told of `people`."""
    answer = api(user).get("/api/v1/presence/", {"ids": ",".join(person.oid for person in people)})
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def shown(user: User, person: Person) -> dict[str, Any] | None:
    """Return the presence of one person as `user` is told it."""
    (one,) = asked(user, person)["results"]
    assert one["id"] == person.oid
    found: dict[str, Any] | None = one["presence"]
    return found


def work() -> None:
    """Let a worker do what is due of presence."""
    while state := next(iter(presence.claim(1)), None):
        presence.run(state)


def test_what_is_not_known_yet_is_null_and_known_a_moment_later(rita: User, dana: Person, teams: Teams) -> None:
    assert asked(rita, dana) == {"results": [{"id": dana.oid, "presence": None}], "trouble": ""}
    assert teams.asked == []  # never in a web request
    assert presence.next_due() == now()
    work()
    assert shown(rita, dana) == {
        "availability": "Available",
        "activity": "Available",
        "is_out_of_office": False,
        "message": "",
        "at": "2026-11-20T10:00:00Z",
    }


def test_a_worker_reads_it_among_its_duties(rita: User, dana: Person, teams: Teams) -> None:
    (duty,) = [duty for duty in worker.duties() if duty.name == "presence"]
    shown(rita, dana)
    for state in duty.claim(duty.threads):
        duty.run(state)
    assert teams.asked == [(tenant_id(), [dana.oid])]


def test_it_is_read_every_ten_seconds_while_somebody_looks_and_not_longer(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    shown(rita, dana)
    work()
    assert presence.next_due() == now() + timedelta(seconds=10)
    teams.say(dana.oid, "Busy", "InACall")
    clock.forward(10)
    work()
    assert (shown(rita, dana) or {})["activity"] == "InACall"
    for _ in range(9):
        clock.forward(10)
        work()
    assert not Presence.objects.exists() and presence.next_due() is None
    count = len(teams.asked)
    clock.forward(3600)
    work()
    assert len(teams.asked) == count <= 7


def test_who_comes_into_view_is_read_soon_also_while_others_are_being_read(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    shown(rita, dana)
    work()
    clock.forward(2)
    wei = make_person("Wei Chen")
    asked(rita, dana, wei)
    assert presence.next_due() == now()
    arjun = make_person("Arjun Roy")
    teams.faults.append(lambda: asked(rita, arjun))
    work()
    assert shown(rita, wei) is not None and shown(rita, arjun) is None
    assert presence.next_due() == now() + timedelta(seconds=1)
    clock.forward(1)
    work()
    assert shown(rita, arjun) is not None and presence.next_due() == now() + timedelta(seconds=10)


def test_a_poll_writes_only_when_the_wish_runs_out(rita: User, dana: Person, teams: Teams, clock: Clock) -> None:
    client = api(rita)
    path = f"/api/v1/presence/?ids={dana.oid}"
    client.get(path)
    work()

    def writes() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return [
            q["sql"] for q in queries if "directory_presence" in q["sql"] and not q["sql"].startswith("SELECT")
        ]

    clock.forward(29)
    assert writes() == []
    clock.forward(2)
    assert writes() != []
    assert writes() == []
    assert Presence.objects.get().wanted_until == now() + timedelta(seconds=60)


def test_what_is_old_is_not_told(rita: User, dana: Person, teams: Teams, clock: Clock) -> None:
    shown(rita, dana)
    work()
    teams.faults.extend(OutcomeUnknown("no answer", retryable=True) for _ in range(20))
    for _ in range(12):
        clock.forward(9)
        work()
        assert shown(rita, dana) is not None
    clock.forward(12)
    assert shown(rita, dana) is None
    assert "asks again" in asked(rita, dana)["trouble"]


def test_out_of_office_comes_with_its_message_as_plain_text(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    teams.say(
        dana.oid, "Away", "OutOfOffice", "<div>Back on <b>Monday</b>,&nbsp;Wei &amp; co help</div>\0" + "x" * 2000
    )
    shown(rita, dana)
    work()
    told = shown(rita, dana) or {}
    assert told["is_out_of_office"] and told["message"].startswith("Back on Monday, Wei & co help")
    assert len(told["message"]) == 1000


def test_a_user_whom_microsoft_leaves_out_is_unknown_and_not_asked_for_each_second(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    teams.people[dana.oid] = None
    shown(rita, dana)
    work()
    assert (shown(rita, dana) or {})["availability"] == "PresenceUnknown"
    assert presence.next_due() == now() + timedelta(seconds=10)


def test_a_missing_role_is_named_and_asked_about_rarely(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    teams.faults.append(refusal(403, "Forbidden"))
    shown(rita, dana)
    work()
    told = asked(rita, dana)
    assert "Presence.Read.All" in told["trouble"] and told["results"][0]["presence"] is None
    assert PresenceState.objects.get().missing_role == "Presence.Read.All"
    assert presence.next_due() == now() + timedelta(minutes=10)
    asked(rita, make_person("Wei Chen"))
    assert presence.next_due() == now() + timedelta(minutes=10)
    clock.forward(595)
    asked(rita, dana)
    clock.forward(5)
    work()
    told = asked(rita, dana)
    assert told["trouble"] == "" and told["results"][0]["presence"] is not None
    assert PresenceState.objects.get().missing_role == ""


def test_failures_are_asked_about_less_and_less_often(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    teams.faults.extend(refusal(503, "ServiceUnavailable") for _ in range(9))
    shown(rita, dana)
    waits = []
    for _ in range(9):
        work()
        state = PresenceState.objects.get()
        assert state.due_at is not None and state.lease is None
        waits.append((state.due_at - now()).total_seconds())
        clock.at = state.due_at - timedelta(seconds=1)
        shown(rita, dana)
        clock.at = state.due_at
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300, 300]


def test_a_429_is_a_pause_for_all_lists_and_a_pause_of_others_holds_it_back(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    teams.faults.append(refusal(429, "TooManyRequests", retry_after="40"))
    shown(rita, dana)
    work()
    assert Pause.objects.get().urgency == Urgency.LIST
    assert PresenceState.objects.get().due_at == now() + timedelta(seconds=40)
    Pause.objects.update(urgency=Urgency.DECISION, until=now() + timedelta(seconds=60))
    clock.forward(41)
    shown(rita, dana)
    work()
    assert len(teams.asked) == 1
    clock.forward(30)
    work()
    assert len(teams.asked) == 2


def test_many_are_asked_for_at_once_and_no_more_than_graph_takes(rita: User, teams: Teams, clock: Clock) -> None:
    for n in range(ASKED_AT_ONCE + 1):
        person = Person(
            tenant_id=tenant_id(), oid=f"cccccccc-0000-4000-8000-{n:012d}", name=f"P {n}", synced_at=now()
        )
        person.save()
    presence.look(Person.objects.all())
    work()
    assert [len(ids) for _, ids in teams.asked] == [ASKED_AT_ONCE, 1]
    assert Presence.objects.filter(at=now()).count() == ASKED_AT_ONCE + 1


def test_a_worker_that_lost_its_lease_writes_nothing(rita: User, dana: Person, teams: Teams, clock: Clock) -> None:
    shown(rita, dana)
    (slow,) = presence.claim(1)
    clock.forward(presence.LEASE_SECONDS + 1)
    teams.say(dana.oid, "Busy")
    work()
    teams.say(dana.oid, "Away")
    presence.run(slow)
    assert (shown(rita, dana) or {})["availability"] == "Busy"


def test_only_one_worker_has_a_tenant_at_a_time_and_keeps_it(
    rita: User, dana: Person, teams: Teams, clock: Clock
) -> None:
    shown(rita, dana)
    (state,) = presence.claim(5)
    clock.forward(presence.LEASE_SECONDS - 1)
    presence.keep(state)
    clock.forward(presence.LEASE_SECONDS - 1)
    assert presence.claim(5) == []


@pytest.mark.control("Z7")
def test_others_tenants_are_neither_told_nor_read(
    rita: User, una: User, main: Line, dana: Person, teams: Teams, clock: Clock
) -> None:
    stranger = make_person("Wei Chen", tenant_id=OTHER_TENANT)
    Presence.objects.create(person=stranger, availability="Busy", at=now(), wanted_until=now())
    assert [one["id"] for one in asked(rita, dana, stranger)["results"]] == [dana.oid]
    assert [one["id"] for one in asked(una, dana, stranger)["results"]] == [dana.oid, stranger.oid]
    work()
    assert teams.asked == [(tenant_id(), [dana.oid])]  # the portal has no Graph in the other


def test_each_tenant_is_asked_for_its_own(
    una: User, dana: Person, teams: Teams, clock: Clock, settings: Any
) -> None:
    settings.GRAPH_TENANT_IDS = [*settings.GRAPH_TENANT_IDS, OTHER_TENANT.upper()]
    other = make_person("Wei Chen", tenant_id=OTHER_TENANT)
    asked(una, dana, other)
    work()
    assert sorted(teams.asked) == sorted([(tenant_id(), [dana.oid]), (OTHER_TENANT, [other.oid])])


def test_who_is_disabled_or_unknown_is_left_out(rita: User, dana: Person, teams: Teams) -> None:
    gone = make_person("Gone Person", enabled=False)
    nobody = Person(oid="eeeeeeee-0000-4000-8000-000000000001")
    assert [one["id"] for one in asked(rita, dana, gone, nobody)["results"]] == [dana.oid]
    assert Presence.objects.count() == 1


def test_ids_are_taken_in_whatever_case_and_once(rita: User, dana: Person, teams: Teams) -> None:
    answer = api(rita).get(f"/api/v1/presence/?ids={dana.oid.upper()}, {dana.oid}")
    assert len(answer.json()["results"]) == 1


@pytest.mark.parametrize(
    "query", ["", "?ids=", "?ids=x", "?ids=a\0b", "?ids=" + ",".join(f"{n:036d}" for n in range(101))]
)
def test_odd_questions_are_400(rita: User, query: str) -> None:
    assert api(rita).get(f"/api/v1/presence/{query}").status_code == 400
    assert not Presence.objects.exists()


def test_as_many_as_a_screen_shows_are_told_at_once(rita: User, teams: Teams) -> None:
    assert (
        api(rita).get("/api/v1/presence/?ids=" + ",".join(f"{n:036d}" for n in range(100))).json()["results"] == []
    )
