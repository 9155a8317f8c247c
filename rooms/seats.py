"""Who of the invited is in a meeting, on the way, or missing: by the bot's call in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from calls import callees
from calls.models import Call, Operation, Participant
from calls.rules import callees as rules
from meetings.models import Attendee, OnlineMeeting

State = Literal["in", "lobby", "left", "missing"] | rules.Outcome
STATES: Final = (
    *("in", "lobby", "ringing", "waiting", "left", "declined", "busy", "no_answer"),
    *("unreachable", "failed", "unknown", "missing"),
)
HERE: Final = ("in", "lobby", "ringing", "waiting")  # nobody has to be rung for these
WENT: Final = ("declined", "left")  # rung again only where somebody names them


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who is invited. Only people of the directory can be rung: of others an address is known alone."""

    attendee: Attendee
    state: State

    @property
    def can_be_rung(self) -> bool:
        """Tell whether it makes sense to ring them."""
        return bool(self.attendee.oid) and self.state not in HERE


def of(meeting: OnlineMeeting, call: Call | None) -> list[Seat]:
    """Return where everybody who is invited is, in the order of the invitation."""
    invited = list(meeting.attendees.all())
    if call is None:
        return [Seat(one, "missing") for one in invited]
    told = list(call.participants.order_by("joined_at", "pk"))
    operations = list(Operation.objects.filter(call=call).order_by("created_at", "id"))
    rung = {one.id.lower(): one.outcome for one in callees.of(operations, told) if one.kind == "user"}
    present = _present(told)
    return [Seat(one, _state(one.oid.lower(), present, rung)) for one in invited]


def missing(seats: Sequence[Seat]) -> list[Seat]:
    """Return whom one would ring to have everybody there; those whom nobody has rung yet come first."""
    found = [one for one in seats if one.can_be_rung and one.state not in WENT]
    return sorted(found, key=lambda one: one.state != "missing")


def _present(told: Sequence[Participant]) -> Mapping[str, State]:
    """Return what the roster tells of each user; whoever has several devices is where the best of them is."""
    found: dict[str, State] = {}
    for row in told:
        state: State = "left" if row.left_at else "lobby" if row.is_in_lobby else "in"
        key = row.identity_id.lower()
        if row.kind == "user" and _RANK[state] >= _RANK[found.get(key, "missing")]:
            found[key] = state
    return found


_RANK: Final[Mapping[State, int]] = {"missing": 0, "left": 1, "lobby": 2, "in": 3}


def _state(oid: str, present: Mapping[str, State], rung: Mapping[str, rules.Outcome]) -> State:
    seen, outcome = present.get(oid, "missing"), rung.get(oid)
    if not oid or seen in ("in", "lobby"):
        return seen
    return "in" if outcome == "joined" else outcome or seen
