"""The bot joins a meeting that somebody names; what opens it stays with nobody."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from calls import cards, commands, coordinates, outgoing, timeline
from calls.errors import BadMeeting
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from graph.joining import NumberedMeeting, OrganizedMeeting
from routing.models import Line
from tests.calls.service import Service, error, state, tell
from tests.calls.test_group_calls import drain, establish, post, roster
from tests.found import found
from tests.people import INSTANCES, OIDS, make_line, make_person, tenant_id

PASSCODE = "kX9pQz7"
NUMBER = "123 456 789 012"


def link(tenant: str = "", organizer: str = "max") -> str:
    """Return a join link as it stands in an invitation."""
    context = json.dumps({"Tid": tenant or tenant_id(), "Oid": OIDS[organizer]})
    thread = quote("19:meeting_abc@thread.v2", safe="")
    return f"https://teams.microsoft.com/l/meetup-join/{thread}/0?context={quote(context, safe='')}"


def by_id(line: Line, **more: str) -> dict[str, Any]:
    return {"line": line.pk, "meeting": {"id": NUMBER, "passcode": PASSCODE} | more}


def test_a_meeting_is_joined_by_its_link(main: Line, rita: User, service: Service, clock: Any) -> None:
    make_person("Max", oid=OIDS["max"])
    answer = post(rita, {"line": main.pk, "meeting": {"link": f" <{link()}> "}})
    assert (answer.status_code, answer.json()["handled_to"]) == (202, "Max's meeting")
    worker.run_pending()
    (placed,) = service.made("create")
    assert placed["chatInfo"]["threadId"] == "19:meeting_abc@thread.v2"
    assert placed["meetingInfo"]["organizer"]["user"]["id"] == OIDS["max"]
    assert placed["source"]["identity"]["applicationInstance"] == {"id": INSTANCES["main"]}
    call = Call.objects.get()
    establish(service, call)
    roster(service, call, "omar", "max")
    card = cards.cards([call.pk])[call.pk].card
    assert [one["name"] for one in card["people"]] == ["Omar", "Max"] and card["called"] == []
    assert timeline.of(call)[0]["title"] == "The bot joins Max's meeting"


def test_people_are_invited_there_and_the_bot_leaves(main: Line, rita: User, service: Service, clock: Any) -> None:
    call = outgoing.join(main.pk, rita, where=outgoing.by_number(NUMBER))
    worker.run_pending()
    (placed,) = service.made("create")
    assert placed["meetingInfo"]["joinMeetingId"] == "123456789012"
    assert placed["meetingInfo"]["passcode"] is None and placed["tenantId"] == tenant_id()
    establish(service, call)
    roster(service, call, "max")
    commands.invite(call.pk, rita, wanted=[Wanted("user", OIDS["omar"]), Wanted("phone", "+14255550177")])
    worker.run_pending()
    assert len(service.made("invite")) == 2
    called = cards.cards([call.pk])[call.pk].card["called"]
    assert [one["outcome"] for one in called] == ["ringing", "ringing"]
    commands.hang_up(call.pk, rita)
    worker.run_pending()
    tell(call.graph_id, "deleted", state("terminated", code=200, subcode=7000))
    worker.run_pending()
    call.refresh_from_db()
    assert (call.outcome, call.handled_to) == ("hung_up", "Meeting 123456789012")


def kept_anywhere(secret: str) -> list[str]:
    """Return the columns of all our rows that hold `secret`."""
    labels = ("calls", "audit", "webhooks", "commsportal", "directory", "routing", "meetings")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    rows = ((model._meta.label, row) for model in models for row in model._default_manager.values())
    return [label for label, row in rows if secret in json.dumps(row, default=str)]


def joined(line: Line, rita: User, caplog: pytest.LogCaptureFixture, **headers: str) -> Call:
    caplog.set_level("DEBUG")
    answer = post(rita, by_id(line), **headers)
    assert answer.status_code == 202 and PASSCODE not in answer.content.decode()
    return Call.objects.get()


def test_a_passcode_goes_to_microsoft_and_stays_nowhere(
    main: Line, rita: User, service: Service, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    call = joined(main, rita, caplog, HTTP_IDEMPOTENCY_KEY="a-meeting")
    assert kept_anywhere(PASSCODE) == ["calls.Operation"]  # until it is sent
    worker.run_pending()
    assert service.made("create")[0]["meetingInfo"]["passcode"] == PASSCODE
    assert kept_anywhere(PASSCODE) == []
    assert call.operations.get().parameters["meeting"]["join_meeting_id"] == "123456789012"
    assert PASSCODE not in caplog.text and PASSCODE not in repr(timeline.of(call))


@pytest.mark.parametrize(
    "fault",
    [
        errors.OutcomeUnknown("no answer"),
        errors.ServerFault("broken", status=503),
        error(403, "7504", "no permission"),
        error(400, "8523", "invalid"),
    ],
)
def test_nor_when_it_does_not_work(
    main: Line, rita: User, service: Service, clock: Any, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    service.fail("create", fault)
    joined(main, rita, caplog)
    worker.run_pending()
    assert kept_anywhere(PASSCODE) == [] and PASSCODE not in caplog.text
    drain(clock, 90)
    assert len(service.made("create")) == 1 and Call.objects.get().state == "terminated"


@pytest.mark.control("I13")
def test_a_passcode_that_is_kept_is_noticed(main: Line, rita: User, service: Service, clock: Any) -> None:
    outgoing.join(main.pk, rita, where=outgoing.by_number(NUMBER, PASSCODE))
    worker.run_pending()
    row = Operation.objects.get()
    assert row.status == "done" and found("I13") == []
    Operation.objects.update(parameters={"meeting": row.parameters["meeting"] | {"passcode": PASSCODE}})
    assert found("I13") == [f"I13: operation {row.pk} is settled and keeps the passcode of its meeting"]


def test_it_is_kept_while_microsoft_cannot_be_reached_and_sent_then(
    main: Line, rita: User, service: Service, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service.fail("create", errors.NotSent("no connection", retryable=True))
    joined(main, rita, caplog)
    drain(clock, 5)
    first, second = service.made("create")
    assert first == second and first["meetingInfo"]["passcode"] == PASSCODE
    assert kept_anywhere(PASSCODE) == []


def test_nor_when_it_was_of_no_use_any_more(
    main: Line, rita: User, service: Service, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service.fail("create", *[errors.NotSent("no connection", retryable=True)] * 200)
    joined(main, rita, caplog)
    drain(clock, 120)
    assert Operation.objects.get().status == "failed" and kept_anywhere(PASSCODE) == []


def test_microsofts_own_report_of_the_passcode_is_stored_without_it() -> None:
    from webhooks import bodies

    info = {"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "passcode": PASSCODE}
    call = {"@odata.type": "#microsoft.graph.call", "state": "established", "meetingInfo": info}
    url = f"/communications/calls/{uuid.uuid4()}"
    item = {"changeType": "updated", "resourceUrl": url, "resourceData": call}
    (stored,) = bodies.parse(json.dumps({"value": [item]}).encode())
    told = json.loads(stored.body)
    assert told["resourceData"]["meetingInfo"].pop("passcode") is None
    info.pop("passcode")
    assert told == item


@pytest.mark.parametrize(
    ("meeting", "said"),
    [
        ({"link": "https://example.com/l/meetup-join/x/0"}, "This is not a link to a Teams meeting."),
        ({"link": "http://teams.microsoft.com/meet/123456789"}, "This is not a link to a Teams meeting."),
        ({"link": "https://teams.microsoft.com/l/chat/x"}, "leads to Teams, but not to a meeting"),
        ({"link": link().partition("?")[0]}, "cut short"),
        ({"link": link(tenant="eeeeeeee-0000-4000-8000-000000000009")}, "Another organisation holds"),
        ({"id": "12345"}, "9 to 15 digits"),
        ({"id": "the meeting", "passcode": "x"}, "9 to 15 digits"),
    ],
)
def test_what_leads_to_no_meeting_of_ours_says_what_to_paste(
    main: Line, rita: User, meeting: dict[str, str], said: str
) -> None:
    answer = post(rita, {"line": main.pk, "meeting": meeting})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_meeting")
    assert said in answer.json()["detail"] and not Call.objects.exists()


def test_the_admin_shows_no_passcode_either(main: Line, rita: User, ada: User, client: Client) -> None:
    outgoing.join(main.pk, rita, where=outgoing.by_number(NUMBER, PASSCODE))
    client.force_login(ada)
    page = client.get(f"/admin/calls/operation/{Operation.objects.get().pk}/change/", HTTP_HOST="localhost:8000")
    assert page.status_code == 200 and "123456789012" in page.content.decode()
    assert PASSCODE not in page.content.decode()


def test_a_short_link_brings_its_passcode_along() -> None:
    where = outgoing.by_link(f"https://teams.microsoft.com/meet/123456789012?p={PASSCODE}")
    assert where == NumberedMeeting("123456789012", PASSCODE)


def test_only_who_staffs_the_line_has_the_bot_join(main: Line, rita: User, omar: User, ada: User) -> None:
    assert post(rita, by_id(make_line("sales", [omar]))).json()["code"] == "no_line"
    assert post(ada, by_id(main)).status_code == 403
    assert not Call.objects.exists()


def test_an_empty_meeting_is_left_after_half_an_hour(main: Line, rita: User, service: Service, clock: Any) -> None:
    call = outgoing.join(main.pk, rita, where=outgoing.by_number(NUMBER))
    worker.run_pending()
    establish(service, call)
    drain(clock, 29 * 60)
    assert "delete" not in [name for name, *_ in service.requests]
    drain(clock, 3 * 60)
    assert "delete" in [name for name, *_ in service.requests]


texts = st.text(max_size=30)


@given(st.builds(OrganizedMeeting, texts, texts, texts, texts, texts) | st.builds(NumberedMeeting, texts, texts))
def test_what_is_kept_of_a_meeting_leads_there_and_forgets_its_passcode(where: coordinates.Coordinates) -> None:
    kept = coordinates.keep(where)
    assert coordinates.read(json.loads(json.dumps(kept))) == where
    rest = coordinates.without_secrets(kept)
    assert "passcode" not in rest and rest.items() <= kept.items()
    assert coordinates.read(rest).to_graph()


@given(st.text(max_size=40))
def test_whatever_is_typed_as_an_id_is_one_or_refused(typed: str) -> None:
    try:
        where = outgoing.by_number(typed)
    except BadMeeting as refused:
        assert "9 to 15 digits" in refused.detail
    else:
        assert isinstance(where, NumberedMeeting) and where.join_meeting_id.isdecimal()
