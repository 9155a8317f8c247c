"""The plain port's interface to people: how they react, what they are called, whether they are free."""

from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse

from simulator.api import Json, only
from simulator.codes import codes
from simulator.engine import presence
from simulator.people import BEHAVIOURS, Person
from simulator.problems import Problem, read_object
from simulator.world import world

LONGEST_NAME = 256  # of Graph's displayName
CHANGEABLE = ("behaviour", "name", "presence", "out_of_office", "audio_conferencing")


def show_person(person: Person, on_calls: dict[str, presence.Presence]) -> Json:
    """Return a person of the directory."""
    availability, activity = presence.of(world().engine, person, on_calls)
    return {
        "id": person.id,
        "name": person.name,
        "upn": person.upn,
        "phone": person.phone,
        "department": person.department,
        "behaviour": person.behaviour,
        "out_of_office": person.out_of_office,
        "audio_conferencing": person.audio_conferencing,
        "presence": {"availability": availability, "activity": activity, "by_hand": person.presence is not None},
    }


async def people(request: ASGIRequest) -> JsonResponse:
    """List everybody."""
    only(request, "GET")
    on_calls = presence.busy(world().engine)
    return JsonResponse([show_person(person, on_calls) for person in world().directory.people()], safe=False)


async def one_person(request: ASGIRequest, person_id: str) -> JsonResponse:
    """Show a person, tell them how to react when called, give them another name, take or give a licence."""
    only(request, "GET", "PUT")
    person = world().directory.person(person_id)
    if person is None:
        raise Problem(404, "There is no such person.")
    if request.method == "PUT":
        change(person, read_object(request.body))
    return JsonResponse(show_person(person, presence.busy(world().engine)))


async def revoke(request: ASGIRequest, person_id: str) -> JsonResponse:
    """Forget all refresh tokens of somebody, as `revokeSignInSessions` does."""
    only(request, "POST")
    person = world().directory.person(person_id)
    if person is None:
        raise Problem(404, "There is no such person.")
    return JsonResponse({"revoked": codes().revoke(person.id)})


def change(person: Person, wanted: Json) -> None:
    """Change what is named of a person.

    :raises Problem: if it makes no sense, or nothing is named.
    """
    behaviour, name = wanted.get("behaviour", person.behaviour), wanted.get("name", person.name)
    out = wanted.get("out_of_office", person.out_of_office)
    licensed = wanted.get("audio_conferencing", person.audio_conferencing)
    if wanted.keys().isdisjoint(CHANGEABLE) or behaviour not in BEHAVIOURS:
        raise Problem(400, f"behaviour is one of {', '.join(BEHAVIOURS)}.")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise Problem(400, f"name has 1 to {LONGEST_NAME} characters.")
    if out is not None and not isinstance(out, str):
        raise Problem(400, "out_of_office is what callers read, or null.")
    if not isinstance(licensed, bool):
        raise Problem(400, "audio_conferencing is true or false.")
    chosen = presence_of(wanted["presence"]) if "presence" in wanted else person.presence
    person.behaviour, person.name, person.out_of_office, person.presence = behaviour, name, out, chosen
    person.audio_conferencing = licensed


def presence_of(value: object) -> presence.Presence | None:
    """Return the presence that somebody is given by hand; null gives it back to what they do.

    :raises Problem: if Graph knows no such presence.
    """
    if value is None:
        return None
    found = value if isinstance(value, dict) else {}
    availability = found.get("availability")
    activity = found.get("activity", availability)
    if availability not in presence.AVAILABILITIES or activity not in presence.ACTIVITIES:
        raise Problem(400, 'presence is null or {"availability": "Busy", "activity": "InAMeeting"}.')
    return availability, activity
