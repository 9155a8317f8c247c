"""Without an application access policy the error says what to run, with the ids in it (REFERENCE 2.3, 20.7)."""

from __future__ import annotations

import pytest

from graph import meetings, policies
from graph.client import GraphClient
from graph.errors import AccessPolicyMissing, Forbidden, GraphError, NotFound
from graph.meeting_values import MeetingSettings
from graph.transport import Wire
from tests.graph.conftest import TENANT, FixedTokens
from tests.graph.fake_service import FakeService, Reply

APP, ADA = "afe71335-9bb5-5c5f-866c-6ec82aafa95d", "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
ALL = f"/v1.0/users/{ADA}/onlineMeetings"
OLDER = ("Unauthorized", f"App {APP} is not authorized to Create meeting on behalf of user {ADA}")
NEWER = ("Forbidden", "No application access policy found for this app")


@pytest.fixture
def graph(service: FakeService, wire: Wire, tokens: FixedTokens) -> GraphClient:
    return GraphClient(f"{service.url}/v1.0", TENANT, tokens, wire, app_id=APP)


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, "innerError": {"request-id": "r-1"}}})


@pytest.mark.case(50)
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, *OLDER),
        (403, *NEWER),
        (403, "General", NEWER[1] + "."),
        (403, "Unauthorized", ""),
        *[(status, *OLDER) for status in (400, 401, 404)],
    ],
)
def test_either_wording_in_any_status_names_the_cmdlets(
    service: FakeService, graph: GraphClient, status: int, code: str, message: str
) -> None:
    reply = refusal(status, code, message)
    asks = {
        ("POST", ALL): lambda: graph.meetings.create(ADA, MeetingSettings()),
        ("POST", f"{ALL}/createOrGet"): lambda: graph.meetings.create_or_get(ADA, "ours-1"),
        ("GET", f"{ALL}/1"): lambda: graph.meetings.get(ADA, "1"),
        ("DELETE", f"{ALL}/1"): lambda: graph.meetings.delete(ADA, "1"),
        ("GET", f"{ALL}/1/attendanceReports"): lambda: graph.meetings.attendance_reports(ADA, "1"),
    }
    for (method, path), ask in asks.items():
        service.on(method, path, reply)
        with pytest.raises(AccessPolicyMissing) as caught:
            ask()
        error = caught.value
        assert (error.status, error.request_id, error.retryable) == (status, "r-1", False)
        assert f'New-CsApplicationAccessPolicy -Identity FrontDesk -AppIds "{APP}"' in error.remedy
        assert f'Grant-CsApplicationAccessPolicy -PolicyName FrontDesk -Identity "{ADA}"' in error.remedy
        assert "30 minutes" in error.remedy
    assert error.permission == meetings.READ_ARTIFACTS


def test_a_page_behind_the_first_is_told_alike(service: FakeService, graph: GraphClient) -> None:
    path = f"{ALL}/1/attendanceReports"
    service.on("GET", path, Reply(200, {"value": [], "@odata.nextLink": f"{service.url}{path}?$skiptoken=1"}))
    service.on("GET", path, Reply(200, {"value": [], "@odata.nextLink": service.url + path}), refusal(403, *NEWER))
    with pytest.raises(AccessPolicyMissing):
        graph.meetings.attendance_reports(ADA, "1")


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (403, "7504", "Insufficient enterprise tenant permissions, cannot access this API.", Forbidden),
        (403, "Forbidden", "", Forbidden),
        (404, "NotFound", "The meeting does not exist.", NotFound),
    ],
)
def test_other_refusals_stay_what_they_are(
    service: FakeService, graph: GraphClient, status: int, code: str, message: str, kind: type[GraphError]
) -> None:
    service.on("GET", f"{ALL}/1", refusal(status, code, message))
    with pytest.raises(kind) as caught:
        graph.meetings.get(ADA, "1")
    assert type(caught.value) is kind


def test_without_a_known_application_its_place_is_left_for_it() -> None:
    make, grant = policies.commands("", ADA)
    assert make.endswith('-AppIds "CLIENT_ID"') and grant.endswith(f'-Identity "{ADA}"')
    assert make in policies.remedy("", ADA) and grant in policies.remedy("", ADA)
