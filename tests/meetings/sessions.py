"""A meeting that was held at Microsoft's side: the simulator's own engine, and people who come and go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from commsportal import worker
from directory.models import User
from graph import conf
from meetings import commands
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import Guest, Plan
from simulator.engine import Party, meetings, rosters
from simulator.engine.conference import Conference, Meeting, Participant
from simulator.people import Person
from tests.calls.in_process import Clock, OtherSide
from tests.people import make_person

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONE = "Europe/Berlin"


class Held:
    """A meeting from nine to ten, brought to the simulator; the clock stands a day before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *staff: User) -> None:
        self.clock = Clock(NINE - timedelta(days=1))
        monkeypatch.setattr(timezone, "now", self.clock)
        self.other = OtherSide(self.clock)
        monkeypatch.setattr(conf, "client", self.other.client)
        self.people = {person.upn.split("@")[0]: person for person in self.other.tenant.people.values()}
        self.staff = staff
        ada = self.people["ada"]
        self.organizer = Organizer.objects.create(tenant_id=self.other.tenant.id, oid=ada.id, name=ada.name)
        self.organizer.staff.set(staff)
        self.meeting = self.schedule()

    def schedule(self, *guests: Guest) -> OnlineMeeting:
        """Have the meeting held, with these guests, and Microsoft told of it."""
        plan = Plan("Follow-up", NINE, NINE + timedelta(hours=1), ZONE, lobby="everyone", attendees=guests)
        made = commands.schedule(self.staff[0], self.organizer.pk, plan)
        worker.run_pending()
        made.refresh_from_db()
        return made

    def invite(self, *names: str) -> None:
        """Invite people of the simulator's directory, by the beginning of their sign-in names."""
        known = [self.in_directory(self.people[name]) for name in names]
        self.meeting = self.schedule(*(Guest(oid=one) for one in known))

    def in_directory(self, person: Person) -> str:
        """Have the portal's directory know somebody of the simulator's."""
        make_person(person.name, oid=person.id, tenant_id=self.other.tenant.id, mail=person.mail, upn=person.upn)
        return person.id

    @property
    def theirs(self) -> Meeting:
        """Return the meeting as the simulator has it."""
        return self.other.engine.meetings.all[self.meeting.graph_id]

    def at(self, minutes: float) -> None:
        """Set the clock, in minutes after nine."""
        self.clock.at = NINE + timedelta(minutes=minutes)

    def party(self, who: str | Party) -> Party:
        """Return a person of the simulator's directory as a party."""
        if isinstance(who, Party):
            return who
        person = self.people[who]
        return Party("user", person.id, person.name, self.other.tenant.id)

    def session(self, *stays: tuple[str | Party, float, float]) -> None:
        """Have people come and go, each from and to so many minutes after nine; then the room is empty."""
        steps: list[tuple[float, int, int]] = []
        for number, (_, came, went) in enumerate(stays):
            steps += [(came, 0, number), (went, 1, number)]
        inside: dict[int, tuple[Conference, Participant]] = {}
        engine = self.other.engine
        for minutes, leaves, number in sorted(steps):
            self.at(minutes)
            if leaves:
                rosters.leave(engine, *inside.pop(number), "left")
                continue
            conference = meetings.conference_of(engine, self.theirs)
            inside[number] = conference, rosters.join(engine, conference, self.party(stays[number][0]))
        self.other.pass_time(self.clock.at + timedelta(seconds=2))

    def look(self, minutes: float) -> None:
        """Let the worker look, so many minutes after nine."""
        self.at(minutes)
        worker.run_pending()


def lists_asked(held: Held, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the path of each request about attendance."""
    asked: list[str] = []
    honest = held.other.exchange

    def exchange(method: str, url: str, **rest: Any) -> Any:
        if "attendanceReports" in url:
            asked.append(url)
        return honest(method, url, **rest)

    monkeypatch.setattr(held.other, "exchange", exchange)
    return asked
