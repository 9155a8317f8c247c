"""Online meetings and their attendance, asked for by the portal's own client over HTTPS (REFERENCE 9)."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import unquote

import pytest

from graph import meetings
from graph.client import GraphClient
from graph.errors import AccessPolicyMissing, Forbidden, NotFound, Refused
from graph.meeting_values import Attendee, MeetingSettings
from graph.transport import Wire
from simulator import schema

from .process import PATIENCE, SERVICE_HOSTED, Running, Webhook

Found = TypeVar("Found")
NINE, TEN = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)
OPEN = MeetingSettings(subject="Budget", lobby_scope="everyone")


class Tokens:
    """A token for each request, so that changed permissions count at once."""

    def __init__(self, simulator: Running) -> None:
        self.simulator = simulator

    def bearer(self) -> str:
        return self.simulator.token()

    def drop(self, token: str) -> None:
        """Forget nothing."""


@pytest.fixture
def client(simulator: Running) -> GraphClient:
    """Return the portal's client."""
    there = simulator.connection
    wire = Wire(there["ca"])
    return GraphClient(there["graph"], there["tenant"], Tokens(simulator), wire, app_id=there["client_id"])


@pytest.fixture
def ada(simulator: Running) -> str:
    """Return the object id of an organiser."""
    return str(simulator.person("ada")["id"])


def until(ask: Callable[[], Found]) -> Found:
    """Return the first answer that says something; the service tells nobody when a report is there."""
    end = time.monotonic() + PATIENCE
    while not (found := ask()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def come(simulator: Running, meeting_id: str, who: dict[str, str]) -> str:
    """Have somebody come, and return where they are in the group."""
    joined = simulator.post(f"/api/meetings/{meeting_id}/join", who, 201)
    return f"{simulator.base}/api/groups/{joined['group']}/participants/{joined['id']}"


def go(simulator: Running, *places: str) -> None:
    """Have them leave."""
    for place in places:
        assert simulator.plain.delete(place).status_code == 200


# A meeting's life


def test_a_meeting_is_made_found_changed_and_deleted(client: GraphClient, ada: str, simulator: Running) -> None:
    omar = simulator.person("omar")
    wanted = MeetingSettings(
        subject="Ada's budget",
        start=NINE,
        end=TEN,
        attendees=(
            Attendee(omar["id"], "omar@contoso.example", "presenter"),
            Attendee("", "gus@fabrikam.example", "coorganizer"),
        ),
        lobby_scope="invited",
        is_dial_in_bypass_enabled=True,
        allowed_presenters="roleIsPresenter",
        allow_meeting_chat="limited",
        allow_attendee_to_enable_camera=False,
        record_automatically=True,
        is_entry_exit_announced=False,
        is_passcode_required=False,
    )
    made = client.meetings.create(ada, wanted)
    assert wanted.beyond(made) == MeetingSettings()
    assert (made.subject, made.start, made.end, made.passcode) == ("Ada's budget", NINE, TEN, "")
    assert made.organizer == Attendee(ada, "ada@contoso.example", "presenter")
    assert made.audio_conferencing and made.audio_conferencing.conference_id in made.audio_conferencing.dial_in_url
    found = [
        client.meetings.get(ada, made.id),
        client.meetings.get(omar["id"], made.id),
        client.meetings.find(ada, join_url=made.join_url),
        client.meetings.find(omar["id"], join_meeting_id=made.join_meeting_id),
        client.meetings.find_by_teleconference(made.video_teleconference_id),
    ]
    assert found == [made] * 5
    changes = MeetingSettings(subject="Budget", start=TEN, end=TEN + timedelta(hours=1), lobby_scope="everyone")
    changed = client.meetings.update(ada, made.id, changes.beyond(made))
    assert client.meetings.get(ada, made.id) == changed
    assert (changed.subject, changed.start, changed.lobby_scope) == ("Budget", TEN, "everyone")
    assert (changed.attendees, changed.is_dial_in_bypass_enabled) == (made.attendees, True)
    emptied = client.meetings.update(ada, made.id, MeetingSettings(attendees=(), allowed_presenters="organizer"))
    assert (emptied.attendees, emptied.allowed_presenters) == ((), "organizer")
    for stranger in (omar["id"], simulator.person("eve")["id"]):
        with pytest.raises(NotFound):
            client.meetings.get(stranger, made.id)
    assert client.meetings.delete(ada, made.id)
    assert client.meetings.delete(ada, made.id), "it is gone, as it should be"
    for ask in (
        lambda: client.meetings.get(ada, made.id),
        lambda: client.meetings.find(ada, join_url=made.join_url),
        lambda: client.meetings.update(ada, made.id, MeetingSettings(subject="s")),
        lambda: client.meetings.attendance_reports(ada, made.id),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_meeting_of_an_external_id_is_found_with_what_it_was_made_with(client: GraphClient, ada: str) -> None:
    listed = (Attendee(upn="gus@fabrikam.example", role="attendee"),)
    made = client.meetings.create_or_get(ada, "ours-1", start=NINE, attendees=listed)
    again = client.meetings.create_or_get(ada, "ours-1", subject="Other", start=TEN)
    assert again == made
    assert (made.external_id, made.start, made.end, made.attendees) == ("ours-1", NINE, TEN, listed)
    client.meetings.delete(ada, made.id)
    assert client.meetings.create_or_get(ada, "ours-1").id != made.id


def test_a_meeting_made_without_a_passcode_is_found_by_its_external_id(client: GraphClient, ada: str) -> None:
    without = MeetingSettings(is_passcode_required=False)
    made = client.meetings.create(ada, without, external_id="case 78")
    assert (made.external_id, made.passcode, made.is_passcode_required) == ("case 78", "", False)
    found = client.meetings.create_or_get(ada, "case 78")
    assert (found.id, found.is_passcode_required) == (made.id, False)
    other = client.meetings.create_or_get(ada, "case 79")
    assert other.id != made.id and other.passcode and other.is_passcode_required is True
    assert client.meetings.create(ada, without, external_id="case 78").id != made.id  # it never looks for one


def test_who_is_on_the_list_reads_and_changes_nothing(
    client: GraphClient, ada: str, simulator: Running, webhook: Webhook
) -> None:
    omar = simulator.person("omar")["id"]
    made = client.meetings.create(ada, MeetingSettings(attendees=(Attendee(omar),)))
    for ask in (
        lambda: client.meetings.update(omar, made.id, MeetingSettings(subject="s")),
        lambda: client.meetings.delete(omar, made.id),
        lambda: client.meetings.attendance_reports(omar, made.id),
    ):
        with pytest.raises(Forbidden):
            ask()
    asked = simulator.get("/api/requests")["results"][-4:]
    assert [(row["action"], row["method"], row["effect"]) for row in asked] == [
        ("onlinemeetings", "POST", True),
        ("onlinemeetings", "PATCH", False),
        ("onlinemeetings", "DELETE", False),
        ("onlinemeetings/attendancereports", "GET", False),
    ]


def test_a_deleted_meeting_cannot_be_joined(
    client: GraphClient, ada: str, simulator: Running, webhook: Webhook
) -> None:
    made = client.meetings.create(ada, OPEN)
    client.meetings.delete(ada, made.id)
    body = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": webhook.url,
        "requestedModalities": ["audio"],
        "mediaConfig": SERVICE_HOSTED,
        **made.of(ada, client.tenant_id).to_graph(),
    }
    call_id = str(simulator.graph("POST", "/communications/calls", body).json()["id"])
    last = webhook.wait_for_state(call_id, "terminated")[-1]
    assert last.items[0]["resourceData"]["resultInfo"]["subcode"] == 8527
    assert simulator.plain.get(f"{simulator.base}/api/meetings/{made.id}").status_code == 404


# Who was there


def test_a_session_is_reported_when_the_last_has_left(client: GraphClient, ada: str, simulator: Running) -> None:
    made = client.meetings.create(ada, OPEN)
    rita = {"user": simulator.person("rita")["id"]}
    ask = lambda: client.meetings.attendance_reports(ada, made.id)  # noqa: E731
    host = come(simulator, made.id, {"user": ada})
    for _ in range(2):
        go(simulator, come(simulator, made.id, rita))
    guests = [come(simulator, made.id, {"guest": f"Guest {number}"}) for number in range(20)]
    assert ask() == []
    go(simulator, *guests, host)
    (first,) = until(ask)
    assert first.start and first.end and first.start <= first.end and first.records == ()
    records = client.meetings.attendance_records(ada, made.id, first.id)
    assert len(records) == first.participant_count == 22
    assert [record.identity.kind for record in records if record.identity] == ["user", "user"] + ["guest"] * 20
    assert [(record.role, len(record.intervals)) for record in records[:3]] == [
        ("Organizer", 1),
        ("Presenter", 2),
        ("Presenter", 1),
    ]
    assert [record.email for record in records[:3]] == ["ada@contoso.example", "rita@contoso.example", ""]
    assert all(record.seconds == sum(one.seconds or 0 for one in record.intervals) for record in records)
    whole = client.meetings.attendance_report(ada, made.id, first.id, expand=True)
    assert list(whole.records) == records
    assert client.meetings.attendance_report(ada, made.id, first.id) == first
    go(simulator, come(simulator, made.id, rita))
    second, *others = until(lambda: ask() if len(ask()) > 1 else [])
    assert others == [first] and second.start and second.start > first.end
    path = f"/users/{ada}/onlineMeetings/{made.id}/attendanceReports"
    page = simulator.graph("GET", path, params={"$top": "1"}).json()
    rest = simulator.signed_in.get(page["@odata.nextLink"]).json()
    assert [row["id"] for row in page["value"] + rest["value"]] == [second.id, first.id]
    assert "@odata.nextLink" not in rest
    schema.require("meetingAttendanceReport.collection", page)
    client.meetings.delete(ada, made.id)
    with pytest.raises(NotFound):
        client.meetings.attendance_report(ada, made.id, first.id)


def test_what_is_no_report_is_not_found(client: GraphClient, ada: str, simulator: Running) -> None:
    made = client.meetings.create(ada, OPEN)
    with pytest.raises(NotFound):
        client.meetings.attendance_report(ada, made.id, "nothing")
    go(simulator, come(simulator, made.id, {"guest": "Gus"}))
    (report,) = until(lambda: client.meetings.attendance_reports(ada, made.id))
    path = f"/users/{ada}/onlineMeetings/{made.id}/attendanceReports"
    for rest, status in {
        "": 200,
        "?$top=0": 400,
        "?$top=101": 400,
        "?$skiptoken=next": 400,
        "?$skiptoken=7": 200,
        f"/{report.id}?$expand=meeting": 400,
        f"/{report.id}?expand=AttendanceRecords": 200,
        f"/{report.id}/people": 404,
        f"/{report.id}/attendanceRecords": 200,
    }.items():
        assert simulator.graph("GET", path + rest).status_code == status, rest
    assert simulator.graph("DELETE", f"{path}/{report.id}").status_code == 405


# Rights


ASKS: dict[str, Callable[[GraphClient, str], object]] = {
    "create": lambda graph, who: graph.meetings.create(who, MeetingSettings()),
    "createOrGet": lambda graph, who: graph.meetings.create_or_get(who, "ours-2"),
    "find": lambda graph, who: graph.meetings.find(who, join_meeting_id="1"),
    "reports": lambda graph, who: graph.meetings.attendance_reports(who, "MSpk"),
    "teleconference": lambda graph, who: graph.meetings.find_by_teleconference("1"),
}


@pytest.mark.parametrize("name", ASKS)
def test_each_request_needs_its_role(client: GraphClient, ada: str, simulator: Running, name: str) -> None:
    tenant = client.tenant_id
    roles = {meetings.WRITE, meetings.READ, meetings.READ_ARTIFACTS}
    needed = {"reports": {meetings.READ_ARTIFACTS}, "create": {meetings.WRITE}, "createOrGet": {meetings.WRITE}}
    enough = needed.get(name, {meetings.WRITE, meetings.READ})
    simulator.put("/api/permissions", {tenant: sorted(roles - enough)})
    with pytest.raises(Forbidden) as caught:
        ASKS[name](client, ada)
    assert type(caught.value) is Forbidden and caught.value.permission in enough
    for role in enough:
        simulator.put("/api/permissions", {tenant: [role]})
        with suppress(NotFound):
            ASKS[name](client, ada)


@pytest.mark.case(50)
@pytest.mark.parametrize("status", [403, 400, 401, 404])
def test_without_an_access_policy_the_remedy_is_told(
    client: GraphClient, ada: str, simulator: Running, status: int
) -> None:
    simulator.faults(access_policy_status=status)
    simulator.put("/api/tenant-settings", {client.tenant_id: {"has_access_policy": False}})
    try:
        for name, ask in ASKS.items():
            with pytest.raises((AccessPolicyMissing, NotFound)) as caught:
                ask(client, ada)
            if name == "teleconference":
                assert type(caught.value) is NotFound, "no policy matters there"
            else:
                assert isinstance(caught.value, AccessPolicyMissing)
                assert client.app_id in caught.value.remedy and ada in caught.value.remedy
    finally:
        simulator.put("/api/tenant-settings", {client.tenant_id: {"has_access_policy": True}})
    assert client.meetings.create(ada, OPEN).subject == "Budget"


# What other clients may ask


def test_the_invitation_is_in_the_language_of_the_request(ada: str, simulator: Running) -> None:
    path = f"/users/{ada}/onlineMeetings"
    for spoken, word in {"de-AT,en;q=0.5": "Kennung", "en": "Passcode", "xx, fr;q=0.2": "Code secret"}.items():
        body = simulator.graph("POST", path, {}, headers={"Accept-Language": spoken}).json()
        assert word in unquote(body["joinInformation"]["content"])


def test_older_clients_do_not_see_later_words(ada: str, simulator: Running) -> None:
    body: dict[str, Any] = {"lobbyBypassSettings": {"scope": "invited"}}
    plain = simulator.graph("POST", f"/users/{ada}/onlineMeetings", body)
    path = f"/users/{ada}/onlineMeetings/{plain.json()['id']}"
    asked = simulator.graph("GET", path, headers={"Prefer": "include-unknown-enum-members"})
    assert plain.json()["lobbyBypassSettings"]["scope"] == "unknownFutureValue"
    assert asked.json()["lobbyBypassSettings"]["scope"] == "invited"


def test_who_has_no_licence_has_no_telephone_in_meetings(
    client: GraphClient, ada: str, simulator: Running
) -> None:
    simulator.put(f"/api/people/{ada}", {"audio_conferencing": False})
    try:
        assert client.meetings.create(ada, OPEN).audio_conferencing is None
    finally:
        simulator.put(f"/api/people/{ada}", {"audio_conferencing": True})
    wrong = simulator.plain.put(f"{simulator.base}/api/people/{ada}", json={"audio_conferencing": 1})
    assert wrong.status_code == 400


def test_what_is_malformed_is_refused(client: GraphClient, ada: str, simulator: Running) -> None:
    path = f"/users/{ada}/onlineMeetings"
    made = client.meetings.create(ada, OPEN)
    for method, rest, body in (
        ("POST", "", {"subject": 7}),
        ("POST", "", {"unheard": True}),
        ("POST", "", {"endDateTime": "2026-11-24T10:00:00Z"}),
        ("PATCH", f"/{made.id}", {"startDateTime": "2026-11-24T10:00:00Z"}),
        ("PATCH", f"/{made.id}", {"participants": {"organizer": {"upn": "eve@contoso.example"}}}),
        ("GET", "?$filter=subject eq 'Budget'", None),
        ("GET", "?$filter=JoinWebUrl", None),
    ):
        answer = simulator.graph(method, path + rest, body)
        assert answer.status_code == 400 and answer.json()["error"]["message"], (method, rest, body)
    assert client.meetings.get(ada, made.id) == made
    assert simulator.graph("GET", "/communications/onlineMeetings").status_code == 400
    assert simulator.graph("POST", "/communications/onlineMeetings", {}).status_code == 405
    assert simulator.graph("PUT", f"{path}/{made.id}", {}).status_code == 405
    assert simulator.graph("GET", f"{path}/{made.id}/attendeeReport").status_code == 404
    with pytest.raises(Refused):
        client.meetings.find(ada, join_meeting_id="1", join_url="https://example.com/")
