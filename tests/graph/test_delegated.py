"""A client in somebody's own name asks for what is theirs alone, by a token that their refresh token gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph import delegated, meeting_times
from graph.delegated import DelegatedClient, SignInOver
from graph.errors import AccessPolicyMissing, Forbidden, GraphError, NotSent, Refused
from tests.graph.conftest import TENANT
from tests.graph.fake_service import FakeService, Reply
from tests.graph.test_graph_as_configured import CALL, CLIENT, OTHER, configured

__all__ = ["configured"]
OID, STRANGER = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
AT = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = f"/{TENANT}/oauth2/v2.0/token"
MEETINGS = "/v1.0/me/onlineMeetings"
MEETING = {"id": "m1", "chatInfo": {"threadId": "19:x@thread.v2"}, "joinWebUrl": "https://teams.example/m1"}


def given(service: FakeService, *answers: Reply) -> None:
    """Have the token endpoint answer so."""
    service.on("POST", TOKEN, *answers)


def bought(access: str, refresh: str = "") -> Reply:
    told = {
        "token_type": "Bearer",
        "expires_in": 3599,
        "access_token": access,
        "scope": "OnlineMeetings.ReadWrite",
    }
    return Reply(200, told | ({"refresh_token": refresh} if refresh else {}))


def refused(error: str, number: int) -> Reply:
    return Reply(400, {"error": error, "error_codes": [number], "error_description": "AADSTS: no"})


def client(kept: list[str] | None = None) -> DelegatedClient:
    renewed = [] if kept is None else kept
    return delegated.client(TENANT, OID, "the first", renewed.append)


def test_it_buys_one_token_asks_by_me_and_tells_of_the_new_refresh_token(
    configured: Any, service: FakeService
) -> None:
    given(service, bought("own-token", "the second"))
    service.on("POST", f"{MEETINGS}/createOrGet", Reply(201, MEETING))
    service.on("GET", f"{MEETINGS}/m1", Reply(200, MEETING))
    kept: list[str] = []
    mine = client(kept)
    assert mine.meetings.create_or_get(OID, "x").id == "m1" and mine.meetings.get(OID.upper(), "m1").id == "m1"
    (form,) = (seen.form for seen in service.of(TOKEN))
    assert (form["grant_type"], form["refresh_token"], form["client_id"]) == ("refresh_token", "the first", CLIENT)
    assert "OnlineMeetings.ReadWrite" in form["scope"].split() and kept == ["the second"]
    assert {seen.headers["authorization"] for seen in service.of(f"{MEETINGS}/m1")} == {"Bearer own-token"}


def test_a_token_that_graph_does_not_take_is_bought_anew_by_the_newest_refresh_token(
    configured: Any, service: FakeService
) -> None:
    given(service, bought("old", "the second"), bought("new", "the third"))
    service.on("GET", f"{MEETINGS}/m1", Reply(401, {}), Reply(200, MEETING))
    kept: list[str] = []
    assert client(kept).meetings.get(OID, "m1").id == "m1"
    assert [seen.form["refresh_token"] for seen in service.of(TOKEN)] == ["the first", "the second"]
    assert kept == ["the second", "the third"]


@pytest.mark.control("O5")
def test_of_somebody_elses_meetings_nothing_is_asked(configured: Any, service: FakeService) -> None:
    mine = client()
    for ask in (
        lambda: mine.meetings.get(STRANGER, "m1"),
        lambda: mine.meetings.delete(STRANGER, "m1"),
        lambda: mine.meetings.attendance_reports(STRANGER, "m1"),
        lambda: mine.calls.delete(CALL),
        lambda: list(mine.calendars.view(OID, AT, AT + timedelta(days=1))),
        lambda: mine.meetings.find_by_teleconference("1"),
    ):
        with pytest.raises(Refused):
            ask()
    assert not [seen for seen in service.seen if seen.path.startswith("/v1.0")]


@pytest.mark.control("O5")
def test_a_tenant_that_is_not_configured_has_no_client(configured: Any) -> None:
    with pytest.raises(Refused) as refusal:
        delegated.client(OTHER, OID, "the first", print)
    assert refusal.value.code == "ForeignTenant"


@pytest.mark.parametrize(
    ("error", "number"), [("invalid_grant", 70008), ("interaction_required", 50076), ("invalid_grant", 65001)]
)
def test_what_signing_in_anew_can_mend_says_so(
    configured: Any, service: FakeService, error: str, number: int
) -> None:
    given(service, refused(error, number))
    with pytest.raises(SignInOver) as over:
        client().meetings.get(OID, "m1")
    assert over.value.code == error and not over.value.retryable
    assert "the first" not in f"{over.value} {over.value!r}"


@pytest.mark.control("O6")
@pytest.mark.parametrize(
    "answer",
    [
        refused("invalid_client", 7000215),
        Reply(503, {"error": "temporarily_unavailable"}),
        Reply(200, {"token_type": "Bearer", "expires_in": 3599}),
        Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "a\r\nb"}),
        Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": 7}),
        Reply(200, b"<html>"),
        Reply(500, b"<html>"),
        Reply(200, ["access_token"]),
    ],
)
def test_other_failures_of_the_login_service_end_no_sign_in(
    configured: Any, service: FakeService, answer: Reply
) -> None:
    given(service, answer)
    kept: list[str] = []
    with pytest.raises(GraphError) as failure:
        client(kept).meetings.get(OID, "m1")
    assert isinstance(failure.value, NotSent) and not isinstance(failure.value, SignInOver) and kept == []
    assert "the first" not in f"{failure.value} {failure.value!r}"


def test_a_missing_permission_is_named_and_no_policy_is_blamed(configured: Any, service: FakeService) -> None:
    given(service, bought("own-token"))
    body = {"error": {"code": "Unauthorized", "message": "no"}}
    service.on("GET", f"{MEETINGS}/m1", Reply(403, body))
    with pytest.raises(Forbidden) as failure:
        client().meetings.get(OID, "m1")
    assert not isinstance(failure.value, AccessPolicyMissing)
    assert failure.value.permission == "OnlineMeetings.ReadWrite"


def test_times_are_suggested_by_a_token_for_calendars(configured: Any, service: FakeService) -> None:
    given(service, bought("own-token"))
    slot = {
        "start": {"dateTime": "2026-01-01T16:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-01T17:00:00.0000000", "timeZone": "UTC"},
    }
    told = {
        "emptySuggestionsReason": "",
        "meetingTimeSuggestions": [
            {"confidence": 100, "organizerAvailability": "tentative", "meetingTimeSlot": slot},
            {"confidence": "NaN", "meetingTimeSlot": None},
            {"confidence": "NaN", "attendeeAvailability": [{"availability": None}], "meetingTimeSlot": slot},
        ],
    }
    service.on("POST", "/v1.0/me/findMeetingTimes", Reply(200, told))
    mine = delegated.client(TENANT, OID, "the first", print, meeting_times.READ)
    first, second = mine.meeting_times.find(
        ["a@b.example"], [(AT, AT + timedelta(days=1))], timedelta(hours=1)
    ).times
    assert (first.confidence, first.organizer, first.start.wall.hour) == (100, "tentative", 16)
    assert (second.confidence, second.organizer, second.attendees) == (0, "unknown", (("", "unknown"),))
    (form,) = (seen.form for seen in service.of(TOKEN))
    assert "Calendars.Read.Shared" in form["scope"].split() and "OnlineMeetings" not in form["scope"]
