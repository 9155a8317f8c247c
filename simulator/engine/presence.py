"""Whether people are free, from what they do (REFERENCE 10)."""

from datetime import datetime
from random import Random

from simulator.engine.core import Engine
from simulator.engine.legs import is_absent
from simulator.engine.model import Json
from simulator.people import Person

MOST_IDS = 650
FREE, CALL, CONFERENCE = ("Available", "Available"), ("Busy", "InACall"), ("Busy", "InAConferenceCall")
GONE, LUNCH, MEETING = ("Offline", "OffWork"), ("Away", "Away"), ("Busy", "InAMeeting")
PRESENTING, SOON_BACK = ("DoNotDisturb", "Presenting"), ("Away", "BeRightBack")
WORK, PAUSE = range(8, 18), 12

AVAILABILITIES = (
    "Available", "AvailableIdle", "Away", "BeRightBack", "Busy", "BusyIdle", "DoNotDisturb", "Offline",
    "PresenceUnknown",
)  # fmt: skip
ACTIVITIES = (
    "Available", "Away", "BeRightBack", "Busy", "DoNotDisturb", "InACall", "InAConferenceCall", "Inactive",
    "InAMeeting", "Offline", "OffWork", "OutOfOffice", "PresenceUnknown", "Presenting", "UrgentInterruptionsOnly",
)  # fmt: skip

Presence = tuple[str, str]


def busy(engine: Engine) -> dict[str, Presence]:
    """Return who is on the telephone, by person; the calls of several count more."""
    found: dict[str, Presence] = {}
    for call in engine.calls.values():
        if not call.is_quiet and not call.conference:
            found |= {leg.party.id: CALL for leg in call.legs if leg.state == "connected"}
        elif call.leg == "talking":
            found |= {leg.party.id: CALL for leg in call.legs}
    for conference in engine.conferences.values():
        found |= {participant.party.id: CONFERENCE for participant in conference.people}
    return found


def by_the_clock(engine: Engine, person: Person, now: datetime) -> Presence:
    """Return what somebody does at this time of day, the same whenever asked within the half hour."""
    if now.weekday() > 4 or now.hour not in WORK:
        return GONE
    slot = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    chance = Random(f"{engine.faults.settings.seed}:{person.id}:{slot.isoformat()}").random()  # noqa: S311
    if now.hour == PAUSE:
        return LUNCH if chance < 0.6 else FREE
    for limit, presence in ((0.2, MEETING), (0.25, PRESENTING), (0.32, SOON_BACK)):
        if chance < limit:
            return presence
    return FREE


def of(engine: Engine, person: Person, on_calls: dict[str, Presence]) -> Presence:
    """Return availability and activity: what somebody chose beats calls, and those the time of day."""
    if person.presence:
        return person.presence
    if person.id in on_calls:
        return on_calls[person.id]
    if engine.faults.settings.presence_through_the_day:
        return by_the_clock(engine, person, engine.now())
    return LUNCH if is_absent(engine, person) else FREE


def to_graph(engine: Engine, person: Person, on_calls: dict[str, Presence]) -> Json:
    """Return a presence."""
    availability, activity = of(engine, person, on_calls)
    away = {
        "@odata.type": "#microsoft.graph.outOfOfficeSettings",
        "isOutOfOffice": person.out_of_office is not None,
        "message": person.out_of_office,
    }
    return {
        "@odata.type": "#microsoft.graph.presence",
        "id": person.id,
        "availability": availability,
        "activity": activity,
        "outOfOfficeSettings": away,
    }
