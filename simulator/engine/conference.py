"""What a group is: who is in it, who is being asked in, what was asked of it; and the meetings behind some."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from simulator.engine.attendance import Report, Stay
from simulator.engine.model import Json, Party, Result

ADMITTED = ("organization", "organizationAndFederated", "organizationExcludingGuests")
OPERATIONS_KEPT = 200


@dataclass
class Participant:
    """Hold one entry of a roster; with a call it is an application's leg, without one a person."""

    id: str
    party: Party
    number: int
    call_id: str = ""
    is_muted: bool = False
    is_server_muted: bool = False
    is_in_lobby: bool = False
    is_hidden: bool = False
    is_held: bool = False
    is_sharing: bool = False
    recording: str = ""
    initiator: Party | None = None
    changed_at: int = 0


Settled = Callable[["Invitation", Result | None], None]


@dataclass(frozen=True)
class Invitation:
    """Remember somebody who is being rung; the id is the one that they will have in the roster."""

    id: str
    party: Party
    on_settled: Settled
    replaces: str = ""


@dataclass
class Operation:
    """Hold what was asked and how far it came: a commsOperation (REFERENCE 8)."""

    id: str
    kind: str
    context: str | None
    status: str = "running"
    result: Result | None = None
    members: Json = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Tell whether it ended, after which Graph knows it no more."""
        return self.status in ("completed", "failed")

    def to_graph(self) -> Json:
        """Return the operation as answers and notifications show it."""
        return {
            "@odata.type": f"#microsoft.graph.{self.kind}",
            "id": self.id,
            "status": self.status,
            "clientContext": self.context,
            "resultInfo": self.result.to_graph() if self.result else None,
            **self.members,
        }


@dataclass(frozen=True)
class Attendee:
    """Name somebody on a meeting's list; who is no person of the tenant has a sign-in name alone."""

    id: str
    upn: str
    name: str = ""
    role: str = "attendee"


@dataclass
class Meeting:
    """Describe a scheduled meeting: the ways into it (REFERENCE 3.2), its settings, and who was there.

    `switches` are by Graph's names; what is not in them is as Microsoft makes it.
    """

    id: str
    tenant_id: str
    organizer: Party
    subject: str
    thread_id: str
    join_url: str
    join_meeting_id: str
    passcode: str | None
    lobby: str
    created_at: datetime
    start: datetime
    end: datetime
    conference_id: str
    video_id: str
    external_id: str = ""
    dial_in_bypass: bool = False
    attendees: tuple[Attendee, ...] = ()
    switches: Json = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    def attendee(self, party_id: str) -> Attendee | None:
        """Find somebody on the list."""
        return next((one for one in self.attendees if one.id and one.id == party_id), None)

    def is_organized_by(self, party_id: str) -> bool:
        """Tell whether somebody organises it, alone or with others."""
        listed = self.attendee(party_id)
        return party_id == self.organizer.id or bool(listed and listed.role == "coorganizer")

    def waits(self, party: Party, *, is_guest: bool) -> bool:
        """Tell whether somebody waits in the lobby (lobbyBypassSettings)."""
        if self.lobby == "everyone" or self.is_organized_by(party.id):
            return False
        if party.kind == "phone":
            return not self.dial_in_bypass
        if self.lobby == "invited":
            return self.attendee(party.id) is None
        return is_guest or party.tenant_id != self.tenant_id or self.lobby not in ADMITTED

    def role_of(self, party: Party) -> str:
        """Return somebody's role in a word of attendance records, which is no enumeration's (REFERENCE 9.6)."""
        if party.id == self.organizer.id:
            return "Organizer"
        listed = self.attendee(party.id)
        presents = {
            "everyone": True,
            "organization": party.tenant_id == self.tenant_id,
            "roleIsPresenter": bool(listed and listed.role == "presenter"),
        }
        allowed = self.switches.get("allowedPresenters", "everyone")
        return "Presenter" if presents.get(allowed) or self.is_organized_by(party.id) else "Attendee"


@dataclass
class Conference:
    """Hold a call of several: everybody in it, and everybody being rung."""

    id: str
    thread_id: str
    created_at: datetime
    meeting: Meeting | None = None
    participants: dict[str, Participant] = field(default_factory=dict)
    invited: dict[str, Invitation] = field(default_factory=dict)
    groups: dict[str, Json] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=list)
    sequence: int = 0
    numbers: int = 0
    was_joined: bool = False

    @property
    def people(self) -> list[Participant]:
        """List those who are no application's leg."""
        return [participant for participant in self.participants.values() if not participant.call_id]

    def find(self, participant_id: str) -> Participant | None:
        """Find a participant by id, whatever the spelling (REFERENCE 1, ids)."""
        wanted = bare(participant_id)
        return next((found for found in self.participants.values() if bare(found.id) == wanted), None)

    def waiting(self, participant_id: str) -> Invitation | None:
        """Find an invitation that nobody has taken or refused yet."""
        wanted = bare(participant_id)
        return next((found for found in self.invited.values() if bare(found.id) == wanted), None)

    def of(self, party: Party) -> Participant | None:
        """Find the first device of somebody."""
        return next((found for found in self.participants.values() if found.party.is_same(party)), None)


def bare(text: str) -> str:
    """Return an id without dashes and case."""
    return text.replace("-", "").lower()
