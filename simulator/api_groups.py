"""The plain port's interface to calls of several: meetings, who comes, goes, mutes, and adds others."""

import re

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse

from simulator.api import call_of, line_of, only, user_party
from simulator.engine import Party, escalation, inviting, meetings, rosters
from simulator.engine import roster_actions as roster
from simulator.engine.conference import Conference, Meeting, Operation, Participant
from simulator.problems import Problem, read_object
from simulator.world import new_id, utc_now, world

E164 = re.compile(r"\+[1-9]\d{5,14}")
LONGEST = 256
Json = dict[str, object]


def show_participant(participant: Participant) -> Json:
    """Return an entry of a roster."""
    return {
        "id": participant.id,
        "kind": participant.party.kind,
        "name": participant.party.label(),
        "call": participant.call_id or None,
        "muted": participant.is_muted,
        "lobby": participant.is_in_lobby,
        "held": participant.is_held,
        "sharing": participant.is_sharing,
        "hidden": participant.is_hidden,
        "recording": participant.recording or None,
    }


def show_group(conference: Conference) -> Json:
    """Return a call of several."""
    return {
        "id": conference.id,
        "subject": conference.meeting.subject if conference.meeting else None,
        "meeting": conference.meeting.id if conference.meeting else None,
        "thread_id": conference.thread_id,
        "created_at": conference.created_at.isoformat(),
        "participants": [show_participant(found) for found in conference.participants.values()],
        "ringing": [{"id": found.id, "name": found.party.label()} for found in conference.invited.values()],
    }


def show_meeting(meeting: Meeting) -> Json:
    """Return a meeting with all the ways into it."""
    return {
        "id": meeting.id,
        "organizer": meeting.organizer.id,
        "tenant": meeting.tenant_id,
        "subject": meeting.subject,
        "thread_id": meeting.thread_id,
        "join_url": meeting.join_url,
        "join_meeting_id": meeting.join_meeting_id,
        "passcode": meeting.passcode,
        "lobby": meeting.lobby,
        "external_id": meeting.external_id or None,
    }


def show_operation(operation: Operation) -> Json:
    """Return an operation of a call, over or not."""
    result = operation.result
    return {
        "id": operation.id,
        "kind": operation.kind,
        "status": operation.status,
        "context": operation.context,
        "result": {"code": result.code, "subcode": result.subcode} if result else None,
    }


def group_of(group_id: str) -> Conference:
    """Return a call of several.

    :raises Problem: if there is none.
    """
    found = world().engine.conferences.get(group_id.lower())
    if found is None:
        raise Problem(404, "There is no such group, or everybody has left it.")
    return found


def meeting_of(meeting_id: str) -> Meeting:
    """Return a meeting.

    :raises Problem: if there is none.
    """
    found = world().engine.meetings.all.get(meeting_id)
    if found is None:
        raise Problem(404, "There is no such meeting.")
    return found


def participant_of(conference: Conference, participant_id: str) -> Participant:
    """Return somebody in a group.

    :raises Problem: if they are not in it.
    """
    found = conference.find(participant_id)
    if found is None:
        raise Problem(404, "There is no such participant.")
    return found


def party_of(body: Json) -> Party:
    """Return one of our people, a number, or a guest by name.

    :raises Problem: if it is none of them, or several.
    """
    named = {kind: body[kind] for kind in ("user", "phone", "guest") if isinstance(body.get(kind), str)}
    if len(named) != 1:
        raise Problem(400, 'Name one: {"user": id}, {"phone": "+14255550100"} or {"guest": "name"}.')
    ((kind, value),) = named.items()
    if kind == "user":
        return user_party(str(value))
    if kind == "phone" and not E164.fullmatch(str(value)):
        raise Problem(400, f"{value} is no telephone number; write it as in E.164, such as +14255550100.")
    if kind == "guest" and not 0 < len(str(value)) <= LONGEST:
        raise Problem(400, f"A guest's name has 1 to {LONGEST} characters.")
    return Party("phone", str(value)) if kind == "phone" else Party("guest", new_id(), str(value))


async def all_meetings(request: ASGIRequest) -> HttpResponse:
    """List meetings, or schedule one."""
    only(request, "GET", "POST")
    table = world().engine.meetings
    if request.method == "GET":
        return JsonResponse([show_meeting(meeting) for meeting in table.all.values()], safe=False)
    body = read_object(request.body)
    subject, lobby, passcode = (
        body.get("subject", ""),
        body.get("lobby", "organization"),
        body.get("passcode", True),
    )
    if not isinstance(subject, str) or len(subject) > LONGEST or not isinstance(passcode, bool):
        raise Problem(400, f"subject has at most {LONGEST} characters, and passcode is true or false.")
    if lobby not in meetings.LOBBIES:
        raise Problem(400, f"lobby is one of {', '.join(meetings.LOBBIES)}: who comes in without waiting.")
    organizer = user_party(str(body.get("organizer", "")))
    made = table.make(organizer, utc_now(), subject=subject, lobby=str(lobby), has_passcode=passcode)
    return JsonResponse(show_meeting(made), status=201)


async def one_meeting(request: ASGIRequest, meeting_id: str) -> HttpResponse:
    """Show a meeting."""
    only(request, "GET")
    return JsonResponse(show_meeting(meeting_of(meeting_id)))


async def join_meeting(request: ASGIRequest, meeting_id: str) -> HttpResponse:
    """Have somebody come to a meeting; strangers wait in the lobby where it has one."""
    only(request, "POST")
    meeting, party = meeting_of(meeting_id), party_of(read_object(request.body))
    engine = world().engine
    conference = meetings.conference_of(engine, meeting)
    joined = rosters.join(engine, conference, party)
    return JsonResponse({"group": conference.id, **show_participant(joined)}, status=201)


async def groups(request: ASGIRequest) -> HttpResponse:
    """List the calls of several that go on."""
    only(request, "GET")
    return JsonResponse([show_group(found) for found in world().engine.conferences.values()], safe=False)


async def one_group(request: ASGIRequest, group_id: str) -> HttpResponse:
    """Show a call of several."""
    only(request, "GET")
    return JsonResponse(show_group(group_of(group_id)))


async def invite(request: ASGIRequest, group_id: str) -> HttpResponse:
    """Have somebody in a group ring somebody else, or one of the application's lines."""
    only(request, "POST")
    conference, body = group_of(group_id), read_object(request.body)
    engine = world().engine
    if "line" in body:
        _, line = line_of(body["line"])
        call = inviting.ring_line(engine, conference, line.name)
        return JsonResponse({"call": call.id}, status=202)
    roster.person_invites(engine, conference, party_of(body))
    return JsonResponse(show_group(conference), status=202)


async def one_participant(request: ASGIRequest, group_id: str, participant_id: str) -> HttpResponse:
    """Have somebody mute or unmute themselves, share their screen, be let in, or leave."""
    only(request, "PUT", "DELETE")
    conference = group_of(group_id)
    participant, engine = participant_of(conference, participant_id), world().engine
    if request.method == "DELETE":
        roster.person_leaves(engine, conference, participant)
        return JsonResponse(show_group(conference))
    wanted = read_object(request.body)
    if not wanted or not all(name in ("muted", "sharing", "lobby") for name in wanted):
        raise Problem(400, "muted, sharing and lobby can be changed; lobby only to false.")
    if not all(isinstance(value, bool) for value in wanted.values()) or wanted.get("lobby") is True:
        raise Problem(400, "muted and sharing are true or false; lobby only false: let in.")
    roster.person_changes(engine, conference, participant, wanted)
    return JsonResponse(show_participant(participant))


async def escalate(request: ASGIRequest, call_id: str) -> HttpResponse:
    """Have the other side of a call between two add somebody."""
    only(request, "POST")
    call, party = call_of(call_id), party_of(read_object(request.body))
    if not escalation.by_other_side(world().engine, call, party):
        raise Problem(409, "Only an established call between two can be escalated.")
    group = call.conference.id if call.conference else None
    return JsonResponse({"group": group, "state": call.state}, status=202)


async def call_operations(request: ASGIRequest, call_id: str) -> HttpResponse:
    """List the operations of a call, oldest first, those that are over too."""
    only(request, "GET")
    return JsonResponse([show_operation(found) for found in call_of(call_id).operations.values()], safe=False)


async def tenant_settings(request: ASGIRequest) -> HttpResponse:
    """Show what each tenant's administrator set outside Graph (REFERENCE 2.3), or change it."""
    only(request, "GET", "PUT")
    tenants = {tenant.id: tenant for tenant in world().directory.tenants}
    if request.method == "PUT":
        for key, wanted in read_object(request.body).items():
            named = wanted if isinstance(wanted, dict) else {"": None}
            known = all(n in SETTINGS and isinstance(value, bool) for n, value in named.items())
            if key not in tenants or not known:
                raise Problem(400, f'The body is {{"tenant id": {{name: true or false}}}}: {", ".join(SETTINGS)}.')
            for name, value in named.items():
                setattr(tenants[key], name, value)
    shown = {key: {name: getattr(tenant, name) for name in SETTINGS} for key, tenant in tenants.items()}
    return JsonResponse(shown)


SETTINGS = ("removes_participants", "has_access_policy", "delegated_consent")
