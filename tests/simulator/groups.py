"""Calls of several, and short words for what stands in their rosters."""

from typing import Any

from simulator.engine import Call, inviting
from simulator.engine import actions as graph

from .conftest import Desk
from .test_calls_follow_their_states import MEDIA, established, to_user

CREATE = {
    "@odata.type": "#microsoft.graph.call",
    "callbackUri": "https://portal.example/calls",
    "requestedModalities": ["audio"],
    "mediaConfig": MEDIA,
}
DELTA = {"@odata.type": "#microsoft.graph.outgoingCallOptions", "isDeltaRosterEnabled": True}


def group_of(desk: Desk, *upns: str, **more: Any) -> Call:
    """Return a group call that the application just made."""
    targets = [to_user(desk.person(upn).id) for upn in upns]
    return graph.create(desk.engine, desk.app, {**CREATE, "targets": targets, **more})


def joined_group(desk: Desk, *upns: str, **more: Any) -> Call:
    """Return a group call in which everybody is."""
    call = group_of(desk, *(upns or ("bianca.rossi", "farah.aziz")), **more)
    desk.pass_time(seconds=6)
    assert call.conference and len(call.conference.people) == len(upns or "ab")
    return call


def escalated(desk: Desk, upn: str = "bianca.rossi") -> Call:
    """Return a call between two into which the application invited a third."""
    call = established(desk)
    inviting.invite(desk.engine, desk.app, call, {"participants": [to_user(desk.person(upn).id)]})
    desk.pass_time(seconds=6)
    return call


def names(roster: list[dict[str, Any]]) -> list[str]:
    """Return who is in a roster, in its order."""
    return [next(who["displayName"] for who in identities(entry)) for entry in roster]


def identities(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the identities of an entry."""
    return [value for value in entry["info"]["identity"].values() if isinstance(value, dict)]


def person_id(call: Call, name: str) -> str:
    """Return the roster's id of somebody."""
    assert call.conference
    return next(found.id for found in call.conference.participants.values() if found.party.name == name)
