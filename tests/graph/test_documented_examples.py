"""Every documented exchange about calls, meetings and users goes through client and readers (read in place)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from jsonschema import Draft202012Validator

from graph.audio_routing import AudioRoutingGroup
from graph.client import GraphClient
from graph.joining import OrganizedMeeting
from graph.meeting_values import Attendee, Meeting, MeetingSettings
from graph.notifications import Notification, parse_item
from graph.presence import Presence
from graph.transport import Answer, Wire
from graph.types import Call, Operation, Participant, Target, TargetKind, User
from graph.values import instant, normalize_id

ROOT = Path(__file__).parents[2]
SHARED = ROOT / ".." / "shared" / "graph"
FILES = sorted(
    file
    for file in (SHARED / "examples").glob("*.json")
    if re.match(
        r"(application-post-|call-|participant-|user-(get|list|delta)--|presence-get--|onlinemeeting-"
        r"|cloudcommunications-getpresences|beta\.(audioroutinggroup|call-(list|post)-audiorouting))",
        file.name,
    )
)
pytestmark = pytest.mark.skipif(not FILES, reason="the documented examples are not beside this checkout")

JSON = dict[str, Any]
VERSION = re.compile(r"^/(v1\.0|beta)")
REPLACES = re.compile(r'"replacesCallId": "[^"]*"')
GUID = "2e1a0b00-2db4-4022-9570-243709c565ab"
CALL_PATH = re.compile(r"/communications/calls(?:/(?P<call>[^/]+))?(?:/(?P<action>[^/]+))?")
MEETING_PATH = re.compile(r"/(?:me|users/(?P<who>[^/]+))/onlineMeetings(?:/(?P<meeting>[^/]+))?")
PARTS = re.compile(r"(?P<part>participants|audioRoutingGroups)(?:/(?P<id>[^/]+))?(?:/(?P<action>[^/]+))?")
# What the documented request says and this client does not: prompts to fetch ahead, annotations that OData makes
# optional, and values that are the default. A display name is ours to leave out, the tenant ours to add.
NOT_OURS = {
    "preFetchMedia",
    "routingPolicies",
    "languageId",
    "region",
    "endpointType",
    "countryCode",
    "direction",
    "removeFromDefaultAudioGroup",
    "displayName",
    "tenantId",
}


def known_errors() -> JSON:
    file = SHARED / "known_doc_errors.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def steps(kind: str) -> Iterator[Any]:
    for file in FILES:
        for number, step in enumerate(json.loads(file.read_text(encoding="utf-8"))["steps"]):
            if step["kind"] == kind:
                yield pytest.param(step, f"{file.name}#{number}", id=f"{file.stem[:60]}#{number}")


class Recorder(Wire):
    """Take requests instead of sending them, and answer as the page does."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.sent: list[tuple[str, str, Any]] = []
        self._body = json.dumps(body).encode()

    def exchange(self, method: str, url: str, **rest: Any) -> Answer:
        body = rest.get("body")
        self.sent.append((method, url, json.loads(body) if body else None))
        return Answer(200, {}, self._body)


class NoTokens:
    def bearer(self) -> str:
        return "token"

    def drop(self, token: str) -> None:
        raise AssertionError("nothing here is refused")


def target_of(info: JSON) -> Target:
    kinds: dict[str, TargetKind] = {"user": "user", "phone": "phone", "application": "application"}
    member, identity = next((k, v) for k, v in info["identity"].items() if k in kinds)
    kind: TargetKind = "voicemail" if info.get("endpointType") == "voicemail" else kinds[member]
    replaces = GUID if info.get("replacesCallId") else ""
    return Target(kind, identity["id"], identity.get("displayName", ""), replaces)


def source_of(body: JSON) -> JSON | None:
    identity = (body.get("source") or {}).get("identity")
    return None if identity is None else {k: v for k, v in identity.items() if not k.startswith("@")}


def is_ours(step: JSON) -> bool:
    """Tell the requests this client makes: media hosted by the service, or a meeting, which is joined alike."""
    body = step.get("body") or {}
    media = body.get("mediaConfig", {}).get("@odata.type", "")
    return "meetingInfo" in body or not media.endswith("appHostedMediaConfig")


def meeting_of(body: JSON) -> OrganizedMeeting:
    organizer = body["meetingInfo"]["organizer"]["user"]
    return OrganizedMeeting(
        organizer["id"], body["chatInfo"]["threadId"], message_id=body["chatInfo"]["messageId"]
    )


def ask_placed(graph: GraphClient, body: JSON) -> Callable[[], object]:
    common = {"callback_uri": body["callbackUri"], "scenario_id": GUID, "subject": body.get("subject", "")}
    if "meetingInfo" in body:
        return lambda: graph.calls.join(meeting_of(body), source=source_of(body), **common)
    targets = [target_of(info) for info in body["targets"]]
    return lambda: graph.calls.create(targets=targets, source=source_of(body), **common)


def ask_calls(graph: GraphClient, step: JSON, call: str | None, action: str | None) -> Callable[[], object] | None:
    body = step.get("body") or {}
    if call is None:
        return ask_placed(graph, body) if step["method"] == "POST" else None
    context = body.get("clientContext", "")
    known: dict[tuple[str, str | None], Callable[[], object]] = {
        ("GET", None): lambda: graph.calls.get(call),
        ("DELETE", None): lambda: graph.calls.delete(call),
        ("POST", "keepAlive"): lambda: graph.calls.keep_alive(call),
        ("POST", "answer"): lambda: graph.calls.answer(call, callback_uri=body["callbackUri"]),
        ("POST", "reject"): lambda: graph.calls.reject(
            call, reason=body.get("reason", "none"), callback_uri=body.get("callbackUri", "")
        ),
        ("POST", "redirect"): lambda: graph.calls.redirect(
            call,
            targets=[target_of(info) for info in body["targets"]],
            timeout=body.get("timeout"),
            callback_uri=body.get("callbackUri", ""),
        ),
        ("POST", "transfer"): lambda: graph.calls.transfer(
            call, target=target_of(body["transferTarget"]), client_context=context
        ),
        ("POST", "mute"): lambda: graph.media.mute(call, client_context=context),
        ("POST", "changeScreenSharingRole"): lambda: graph.media.change_screen_sharing_role(call, body["role"]),
        ("POST", "updateRecordingStatus"): lambda: graph.media.update_recording_status(
            call, body["status"].partition(" ")[0], client_context=context
        ),
    }
    return known.get((step["method"], action))


def ask_part(graph: GraphClient, step: JSON, call: str, found: re.Match[str]) -> Callable[[], object] | None:
    """Return what sends a request about somebody or something in a call."""
    body, one = step.get("body") or {}, found["id"]
    context = body.get("clientContext", "")
    routed = (
        {"mode": body["routingMode"], "source": body["sources"][0], "receivers": body["receivers"]}
        if "routingMode" in body
        else {}
    )
    known: dict[tuple[str, str, bool, str | None], Callable[[], object]] = {
        ("GET", "participants", False, None): lambda: graph.participants.list(call),
        ("GET", "participants", True, None): lambda: graph.participants.get(call, one),
        ("DELETE", "participants", True, None): lambda: graph.participants.remove(call, one),
        ("POST", "participants", True, "mute"): lambda: graph.participants.mute(call, one, client_context=context),
        ("GET", "audioRoutingGroups", False, None): lambda: graph.audio_routing.list(call),
        ("GET", "audioRoutingGroups", True, None): lambda: graph.audio_routing.get(call, one),
        ("DELETE", "audioRoutingGroups", True, None): lambda: graph.audio_routing.delete(call, one),
        ("POST", "audioRoutingGroups", False, None): lambda: graph.audio_routing.create(
            call, group_id=body.get("id", ""), **routed
        ),
    }
    if one == "invite":
        return lambda: graph.participants.invite(
            call, [target_of(info) for info in alone(body)["participants"]], client_context=context
        )
    return known.get((step["method"], found["part"], one is not None, found["action"]))


def ask_meetings(graph: GraphClient, step: JSON, who: str, meeting: str | None) -> Callable[[], object] | None:
    """Return what sends a request about somebody's meetings."""
    body = step.get("body") or {}
    listed = (body.get("participants") or {}).get("attendees")
    told = {
        "subject": body.get("subject"),
        "start": instant(body.get("startDateTime")),
        "end": instant(body.get("endDateTime")),
        "attendees": tuple(map(Attendee.from_graph, listed)) if listed else None,
    }
    if meeting == "createOrGet":
        told |= {"attendees": told["attendees"] or ()}
        return lambda: graph.meetings.create_or_get(who, body["externalId"], **told)
    known: dict[str, Callable[[], object]] = {
        "POST": lambda: graph.meetings.create(who, MeetingSettings(**told)),
        "GET": lambda: graph.meetings.get(who, meeting or ""),
        "PATCH": lambda: graph.meetings.update(who, meeting or "", MeetingSettings(**told)),
        "DELETE": lambda: graph.meetings.delete(who, meeting or ""),
    }
    return known.get(step["method"])


def ask(graph: GraphClient, step: JSON) -> Callable[[], object] | None:
    """Return what makes this client send the documented request; None where it has no such request."""
    parts = urlsplit(re.sub(r"\{[^}]*\}", GUID, step["url"]))
    path = VERSION.sub("", parts.path)
    query = parse_qs(parts.query)
    found = CALL_PATH.fullmatch(path)
    if found and found.group("action") not in ("participants", "audioRoutingGroups"):
        return ask_calls(graph, step, found.group("call"), found.group("action")) if is_ours(step) else None
    inside = re.fullmatch(r"/communications/calls/([^/]+)/(.+)", path)
    if inside and (part := PARTS.fullmatch(inside[2])):
        return ask_part(graph, step, inside[1], part)
    if about := MEETING_PATH.fullmatch(unquote(path)):
        return ask_meetings(graph, step, about["who"] or GUID, about["meeting"])
    if path == "/communications/onlineMeetings/":
        number = query["$filter"][0].partition("'")[2].rstrip("'")
        return lambda: graph.meetings.find_by_teleconference(number)
    if path == "/communications/getPresencesByUserId":
        return lambda: list(graph.presences.of(step["body"]["ids"]))
    if one := re.fullmatch(r"/communications/presences/([^/]+)", path):
        return lambda: graph.presences.get(one[1])
    user = re.fullmatch(r"/users/([0-9a-f-]{36})", path)
    if user and set(query) <= {"$select"}:
        chosen = {"select": query["$select"][0].split(",")} if query else {}
        return lambda: graph.users.get(user.group(1), **chosen)
    if path == "/users" and set(query) <= {"$select"}:
        return lambda: list(graph.users.iterate())
    return None


def graph_on(recorder: Recorder, tenant: str = GUID) -> GraphClient:
    return GraphClient("https://graph.microsoft.com/v1.0", tenant, NoTokens(), recorder)


def bare(value: Any) -> Any:
    """Leave out annotations, nulls and what this client does not offer; times are sent in UTC."""
    if isinstance(value, dict):
        return {
            name: str(instant(member)) if name.endswith("DateTime") else bare(member)
            for name, member in value.items()
            if not name.startswith("@") and member is not None and name not in NOT_OURS
        }
    return [bare(member) for member in value] if isinstance(value, list) else value


def alone(body: JSON) -> JSON:
    """Leave out whose calls several would replace: one page asks for that, and says that Graph reads the first."""
    people = body.get("participants", [])
    if len(people) < 2:
        return body
    kept = [{name: value for name, value in one.items() if name != "replacesCallId"} for one in people]
    return body | {"participants": kept}


def like(body: JSON) -> JSON:
    """Leave out how the media is hosted where a meeting is joined, and make one id of those of calls and roles."""
    told = dict(bare(alone(body)))
    if "meetingInfo" in told:
        told.pop("mediaConfig")
    if "status" in told:
        told["status"] = told["status"].partition(" ")[0]  # the page names all three
    return json.loads(REPLACES.sub(rf'"replacesCallId": "{GUID}"', json.dumps(told)))


def supported() -> list[Any]:
    made = graph_on(Recorder({}))
    return [case for case in steps("request") if ask(made, case.values[0]) is not None]


@pytest.mark.parametrize(("step", "name"), supported())
def test_our_request_is_the_documented_one(step: JSON, name: str) -> None:
    recorder = Recorder({"id": GUID, "chatInfo": {"threadId": "19:meeting@thread.v2"}})
    body = step.get("body") or {}
    send = ask(graph_on(recorder, body.get("tenantId", GUID)), step)
    assert send is not None
    send()
    ((method, url, sent),) = recorder.sent
    documented = urlsplit(re.sub(r"\{[^}]*\}", GUID, step["url"]))
    assert method == step["method"]
    own = f"/users/{GUID}/"  # an application has no /me: it names whose the meeting is
    path = VERSION.sub("", unquote(urlsplit(url).path))
    assert path == VERSION.sub("", unquote(documented.path)).replace("/me/", own), name
    if path.startswith("/communications/onlineMeetings"):
        assert unquote(urlsplit(url).query) == unquote(documented.query), name
    assert like(sent or {}) == like(body), name


def test_the_documented_requests_of_every_call_api_are_met() -> None:
    actions = {
        case.values[0]["url"].rpartition("/")[2] for case in supported() if case.values[0]["method"] == "POST"
    }
    peer = {"calls", "keepAlive", "answer", "reject", "redirect", "transfer"}
    group = {"invite", "mute", "changeScreenSharingRole", "updateRecordingStatus", "audioRoutingGroups"}
    assert actions >= peer | group | {"getPresencesByUserId", "createOrGet", "onlineMeetings"}
    meetings = [case.values[0] for case in supported() if "/onlineMeetings" in case.values[0]["url"]]
    assert {step["method"] for step in meetings} == {"POST", "GET", "PATCH", "DELETE"}


SCHEMAS = {"": "call.create.request"} | {
    action: f"call.{action}.request" for action in ("answer", "reject", "redirect", "transfer")
}


@pytest.mark.parametrize("action", SCHEMAS)
@pytest.mark.parametrize("kind", ["user", "phone", "application", "voicemail"])
def test_our_bodies_fit_the_schema(action: str, kind: TargetKind) -> None:
    if action == "" and kind == "voicemail":
        kind = "user"
    recorder = Recorder({"id": GUID})
    graph = graph_on(recorder)
    target = Target(kind, "+12345678901" if kind == "phone" else GUID, "Name")
    uri = "https://desk.contoso.example/webhooks/graph/calls"
    {
        "": lambda: graph.calls.create(
            callback_uri=uri,
            targets=[target],
            source={"applicationInstance": {"id": GUID}},
            scenario_id=GUID,
            subject="s",
        ),
        "answer": lambda: graph.calls.answer(GUID, callback_uri=uri),
        "reject": lambda: graph.calls.reject(GUID, reason="forbidden", callback_uri=uri),
        "redirect": lambda: graph.calls.redirect(GUID, targets=[target] * 25, timeout=90, callback_uri=uri),
        "transfer": lambda: graph.calls.transfer(GUID, target=target),
    }[action]()
    schema = json.loads((SHARED / "schema.json").read_text(encoding="utf-8"))
    rules = {"$schema": schema["$schema"], "$ref": f"#/$defs/{SCHEMAS[action]}", "$defs": schema["$defs"]}
    errors = [error.message for error in Draft202012Validator(rules).iter_errors(recorder.sent[0][2])]
    assert errors == []


def same_number(raw: Any, read: int | None, is_known_error: bool) -> bool:
    """Compare a result number; a text in its place counts only where the error is a known one."""
    if isinstance(raw, str) and is_known_error:
        return int(raw) == read
    return bool(raw == read)


def check_result(raw: Any, read: Any, is_known_error: bool) -> None:
    info = raw.get("resultInfo")
    if not info:
        assert read is None
        return
    assert read is not None
    assert same_number(info.get("code"), read.code, is_known_error)
    if "subCode" in info:
        assert is_known_error
    assert same_number(info.get("subcode", info.get("subCode")), read.subcode, is_known_error)
    assert (info.get("message") or "") == read.message


def check_party(raw: Any, read: Any) -> None:
    members = {k: v for k, v in ((raw or {}).get("identity") or {}).items() if isinstance(v, dict)}
    if not members:
        assert read is None
        return
    member = members[read.kind]
    assert normalize_id(member.get("id") or "") == read.id
    assert (member.get("displayName") or "") == read.name


def check_call(raw: JSON, read: Call, is_known_error: bool) -> None:
    assert read.id == normalize_id(raw.get("id") or raw.get("@odata.id", "").rpartition("/")[2])
    assert read.state == (raw.get("state") or "")
    assert read.direction == (raw.get("direction") or "")
    assert read.callback_uri == (raw.get("callbackUri") or "")
    assert read.subject == (raw.get("subject") or "")
    assert read.chain_id == normalize_id(raw.get("callChainId") or "")
    assert read.my_participant_id == normalize_id(raw.get("myParticipantId") or "")
    assert read.tenant_id == normalize_id(raw.get("tenantId") or "")
    assert read.media_audio == ((raw.get("mediaState") or {}).get("audio") or "")
    assert (read.chat_info, read.meeting_info) == (raw.get("chatInfo"), raw.get("meetingInfo"))
    check_party(raw.get("source"), read.source)
    assert len(read.targets) == len(raw.get("targets") or [])
    for party, target in zip(raw.get("targets") or [], read.targets, strict=True):
        check_party(party, target)
    check_result(raw, read.result, is_known_error)


def check_operation(raw: JSON, read: Operation, is_known_error: bool) -> None:
    own = raw.get("id") or raw.get("@odata.id", "").rpartition("/")[2]
    assert own or is_known_error
    assert read.id == normalize_id(own)
    assert read.status.lower() == (raw.get("status") or "").lower()
    assert read.client_context == (raw.get("clientContext") or "")
    assert read.kind == raw["@odata.type"].rpartition(".")[2]
    check_result(raw, read.result, is_known_error)


def check_participant(raw: JSON, read: Participant, is_known_error: bool) -> None:
    if raw.get("id") is None:
        assert is_known_error
    assert read.id == normalize_id(raw.get("id") or "")
    assert (read.is_muted, read.is_in_lobby) == (bool(raw.get("isMuted")), bool(raw.get("isInLobby")))
    check_party(raw.get("info"), read.identity)
    assert (read.region, read.language) == (raw["info"].get("region") or "", raw["info"].get("languageId") or "")


def check_presence(raw: JSON, read: Presence) -> None:
    assert read.user_id == normalize_id(raw["id"])
    assert (read.availability, read.activity) == (raw["availability"], raw["activity"])


def check_group(raw: JSON, read: AudioRoutingGroup) -> None:
    assert (read.id, read.routing_mode) == (raw["id"], raw["routingMode"])
    assert (list(read.sources), list(read.receivers)) == (raw["sources"], raw["receivers"])


def check_meeting(raw: JSON, read: Meeting) -> None:
    assert (read.id, read.subject, read.join_url) == (raw["id"], raw["subject"] or "", raw["joinWebUrl"])
    for name in ("start", "end"):
        assert getattr(read, name) == instant(raw[f"{name}DateTime"]) is not None
    assert read.created_at == instant(raw["creationDateTime"]) is not None
    chat, lobby = raw.get("chatInfo") or {}, raw.get("lobbyBypassSettings") or {}
    assert (read.thread_id, read.message_id) == (chat.get("threadId", ""), chat.get("messageId", ""))
    assert (read.lobby_scope, read.is_dial_in_bypass_enabled) == (
        lobby.get("scope", ""),
        lobby.get("isDialInBypassEnabled"),
    )
    for ours, theirs in (
        ("allowed_presenters", "allowedPresenters"),
        ("external_id", "externalId"),
        ("video_teleconference_id", "videoTeleconferenceId"),
    ):
        assert getattr(read, ours) == (raw.get(theirs) or "")
    assert read.is_entry_exit_announced is raw.get("isEntryExitAnnounced")
    people = raw["participants"]
    check_attendees([people["organizer"]], [read.organizer])
    check_attendees(people.get("attendees") or [], list(read.attendees))
    check_audio(raw.get("audioConferencing"), read)


def check_attendees(raw: list[JSON], read: list[Attendee | None]) -> None:
    for told, one in zip(raw, read, strict=True):
        user = told["identity"]["user"]
        assert one is not None
        assert (one.user_id, one.name) == (normalize_id(user["id"]), user.get("displayName") or "")
        assert (one.upn, one.role) == (told["upn"], told.get("role") or "")


def check_audio(raw: JSON | None, read: Meeting) -> None:
    if raw is None:
        assert read.audio_conferencing is None
        return
    assert read.audio_conferencing is not None
    assert read.audio_conferencing.conference_id == (raw.get("conferenceId") or raw["ConferenceId"])
    assert read.audio_conferencing.toll_number == raw["tollNumber"]
    assert read.audio_conferencing.toll_free_number == (raw["tollFreeNumber"] or "")
    assert read.audio_conferencing.dial_in_url == raw["dialinUrl"]


def check_user(raw: JSON, read: User) -> None:
    assert read.id == normalize_id(raw.get("id", ""))
    for ours, theirs in (
        ("display_name", "displayName"),
        ("given_name", "givenName"),
        ("surname", "surname"),
        ("mail", "mail"),
        ("user_principal_name", "userPrincipalName"),
        ("job_title", "jobTitle"),
        ("mobile_phone", "mobilePhone"),
        ("office_location", "officeLocation"),
    ):
        assert getattr(read, ours) == (raw.get(theirs) or "")
    assert list(read.business_phones) == raw.get("businessPhones", [])


def check(raw: JSON, type_name: str, is_known_error: bool) -> bool:
    """Read one entity and compare it; tell whether there is a reader for it."""
    if type_name == "call":
        check_call(raw, Call.from_graph(raw), is_known_error)
    elif type_name == "participant":
        check_participant(raw, Participant.from_graph(raw), is_known_error)
    elif type_name == "presence":
        check_presence(raw, Presence.from_graph(raw))
    elif type_name == "audioRoutingGroup":
        check_group(raw, AudioRoutingGroup.from_graph(raw))
    elif type_name == "onlineMeeting":
        check_meeting(raw, Meeting.from_graph(raw))
    elif type_name == "user":
        check_user(raw, User.from_graph(raw))
    elif type_name.endswith("Operation"):
        check_operation(raw, Operation.from_graph(raw), is_known_error)
    else:
        return False
    return True


@pytest.mark.parametrize(
    ("step", "name"), [case for case in steps("response") if isinstance(case.values[0].get("body"), dict)]
)
def test_a_documented_answer_is_read_without_loss(step: JSON, name: str) -> None:
    inner = re.fullmatch(r"Collection\((.*)\)", step["type"] or "")
    type_name = inner.group(1) if inner else step["type"] or ""
    is_list = inner or isinstance(step["body"].get("value"), list)  # two pages on presence leave the type out
    for entity in step["body"]["value"] if is_list else [step["body"]]:
        assert check(entity, type_name, name in known_errors()), f"no reader for {type_name}"


@pytest.mark.parametrize(
    ("step", "name"), [case for case in steps("notification") if case.values[0]["type"] == "commsNotifications"]
)
def test_a_documented_notification_is_read_without_loss(step: JSON, name: str) -> None:
    known = name in known_errors()
    for item in step["body"]["value"]:
        found = parse_item(item)
        data = item["resourceData"]
        assert found.change_type == item["changeType"]
        assert found.raw == item
        check_call_id(item, found, known)
        first = data[0] if isinstance(data, list) else data
        type_name = first["@odata.type"].rpartition(".")[2]
        kinds = {"call": "call", "participant": "participants"}
        assert found.kind == kinds.get(type_name, "operation")
        check_entities(found, data, known)


def check_call_id(item: JSON, found: Notification, is_known_error: bool) -> None:
    named = re.search(r"/calls/([^/]+)", item["resourceUrl"])
    assert named is not None
    if not is_known_error:
        assert found.call_id == normalize_id(named.group(1))
    assert found.call_id


def check_entities(found: Notification, data: Any, is_known_error: bool) -> None:
    if found.call is not None:
        check_call(data, found.call, is_known_error)
    elif found.operation is not None:
        check_operation(data, found.operation, is_known_error)
        assert found.operation_id == found.operation.id
    else:
        assert found.participants is not None
        for raw, read in zip(data, found.participants, strict=True):
            check_participant(raw, read, is_known_error)
