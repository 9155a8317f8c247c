"""Calls over HTTP: who may see and ask what, and how the portal says no."""

import uuid
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from calls import commands
from calls.errors import BadTarget
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service
from tests.people import INSTANCES, NUMBERS, OIDS, api

ACTIONS = ["claim", "release", "answer", "reject", "redirect", "transfer", "hang-up"]
BODIES: dict[str, dict[str, Any]] = {"transfer": {"target": {"kind": "user", "id": OIDS["omar"]}}}


def path(call: Call, action: str = "") -> str:
    return f"/api/v1/calls/{call.pk}/" + (f"{action}/" if action else "")


def ask(client: APIClient, call: Call, action: str, body: Any = None, **headers: Any) -> Any:
    return client.post(path(call, action), BODIES.get(action, {}) if body is None else body, "json", **headers)


def test_a_call_is_its_card_and_more(ringing: Call, rita: User) -> None:
    shown = api(rita).get(path(ringing)).json()
    assert shown["graph_id"] == ringing.graph_id and shown["state"] == "incoming"
    assert shown["line"] == {"id": ringing.line_id, "name": "main"}
    assert shown["participants"] == [] and shown["result"] is None
    assert api(rita).get("/api/v1/calls/").json() == {"results": [shown], "next": None}


def test_taking_by_an_empty_body_answers_202_with_the_operation(ringing: Call, rita: User) -> None:
    answer = ask(api(rita), ringing, "redirect")
    assert answer.status_code == 202
    made = answer.json()
    assert (made["kind"], made["status"], made["error"]) == ("redirect", "pending", None)
    assert api(rita).get(f"/api/v1/operations/{made['id']}/").json() == made


def test_claim_and_release_answer_with_the_call(ringing: Call, rita: User) -> None:
    claimed = ask(api(rita), ringing, "claim")
    assert claimed.status_code == 200
    assert claimed.json()["claim"]["owner"] == "rita" and claimed.json()["claim"]["fence"] == 1
    released = ask(api(rita), ringing, "release", {"fence": 1})
    assert released.status_code == 200 and released.json()["claim"] is None


@pytest.mark.case(16)
def test_the_loser_of_a_claim_is_told_who_won(ringing: Call, rita: User, omar: User) -> None:
    ask(api(rita), ringing, "claim")
    for action in ("claim", "answer", "redirect", "reject"):
        refused = ask(api(omar), ringing, action)
        assert refused.status_code == 409
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == "claimed"
        assert refused.json()["claim"]["name"] == "Rita"
    assert not Operation.objects.exists()


@pytest.mark.control("Z5")
def test_an_older_fence_is_refused_and_the_present_one_accepted(
    ringing: Call, rita: User, omar: User, clock: Any
) -> None:
    assert ask(api(omar), ringing, "claim").json()["claim"]["fence"] == 1
    clock.forward(5)
    assert ask(api(rita), ringing, "claim").json()["claim"]["fence"] == 2
    for fence in (1, 3):
        assert ask(api(rita), ringing, "redirect", {"fence": fence}).json()["code"] == "stale_claim"
    assert ask(api(rita), ringing, "redirect", {"fence": 2}).status_code == 202


@pytest.mark.case(18)
def test_a_second_press_says_that_it_is_asked_already_and_the_same_key_gets_the_same_answer(
    ringing: Call, rita: User
) -> None:
    client = api(rita)
    first = ask(client, ringing, "redirect", {}, HTTP_IDEMPOTENCY_KEY="press-1")
    again = ask(client, ringing, "redirect", {}, HTTP_IDEMPOTENCY_KEY="press-1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    other = ask(client, ringing, "redirect", {})
    assert other.status_code == 409 and other.json()["code"] == "pending"
    assert Operation.objects.count() == 1


@pytest.mark.control("Z4")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("field", ["state", "claim_owner", "outcome", "handled_by", "by_fallback", "zzz"])
def test_an_unknown_field_is_refused_by_name(ringing: Call, rita: User, action: str, field: str) -> None:
    answer = ask(api(rita), ringing, action, BODIES.get(action, {}) | {field: "x"})
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    ringing.refresh_from_db()
    assert ringing.claim_owner is None and not Operation.objects.exists()


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("redirect", {"targets": "me"}),
        ("redirect", {"targets": [{"kind": "friend"}]}),
        ("redirect", {"targets": [{"kind": "user", "id": OIDS["omar"], "extra": 1}]}),
        ("redirect", {"timeout": "60"}),
        ("redirect", {"timeout": True}),
        ("transfer", {"targets": []}),
        ("transfer", {"x": 1}),
        ("reject", {"reason": "rude"}),
        ("answer", {"fence": "1"}),
        ("claim", {"fence": -1}),
        ("claim", [1]),
    ],
)
def test_a_body_of_the_wrong_shape_is_400(ringing: Call, rita: User, action: str, body: Any) -> None:
    assert ask(api(rita), ringing, action, body).status_code == 400


@pytest.mark.case(30)
@pytest.mark.parametrize(
    "body",
    [
        {"targets": []},
        {"targets": [{"kind": "user", "id": f"cccccccc-0000-4000-8000-{n:012d}"} for n in range(26)]},
        {"timeout": 14},
        {"timeout": 91},
        {"targets": [{"kind": "application", "id": "bbbbbbbb-0000-4000-8000-000000000001"}]},
        {"targets": [{"kind": "application", "id": "22222222-2222-4222-8222-222222222222"}]},
        {"targets": [{"kind": "phone", "id": "+14255550001"}]},
        {"targets": [{"kind": "phone", "id": "0301234"}]},
        {"targets": [{"kind": "user", "id": "omar@contoso.example"}]},
        {"targets": [{"kind": "user", "id": OIDS["omar"]}, {"kind": "user", "id": OIDS["omar"].upper()}]},
        {"targets": [{"kind": "me", "id": OIDS["omar"]}]},
        {"targets": [{"kind": "user"}]},
    ],
)
def test_what_graph_would_not_take_is_422_before_graph(
    ringing: Call, rita: User, service: Service, body: dict[str, Any]
) -> None:
    answer = ask(api(rita), ringing, "redirect", body)
    assert answer.status_code == 422 and answer.json()["code"] == "bad_target"
    worker.run_pending()
    assert service.made("redirect") == []


REACHED = {
    "application": {"application": {"id": INSTANCES["main"]}},
    "user": {"user": {"id": INSTANCES["main"]}},
    "instance": {"applicationInstance": {"id": INSTANCES["main"]}},
    "number": {"phone": {"id": NUMBERS["main"]}},
}


@pytest.mark.case(30)
@pytest.mark.parametrize(
    ("reached", "status"), [("application", 422), ("user", 422), ("instance", 202), ("number", 202)]
)
def test_a_phone_target_needs_a_call_that_reached_a_number_or_instance(
    service: Service, main: Line, max_: User, clock: Any, reached: str, status: int
) -> None:
    graph_id = service.ring(targets=[{"identity": REACHED[reached]}])
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    assert (call.line == main) == (reached != "user")
    User.objects.filter(pk=max_.pk).update(roles=["receptionist", "auditor"])  # sees calls of no line, too
    body = {"targets": [{"kind": "phone", "id": "+14255550100"}]}
    answer = ask(api(User.objects.get(pk=max_.pk)), call, "redirect", body)
    assert answer.status_code == status
    assert status == 202 or "number" in answer.json()["detail"]


@pytest.mark.case(30)
@pytest.mark.parametrize(
    ("number", "instance", "can"), [("+14255550009", "", False), ("", INSTANCES["sales"], True), ("", "", False)]
)
def test_a_call_of_ours_can_go_to_a_phone_when_its_line_has_a_bot_identity(
    main: Line, rita: User, number: str, instance: str, can: bool
) -> None:
    Line.objects.filter(pk=main.pk).update(phone=number, instance_id=instance)
    main.refresh_from_db()
    try:
        commands.create(main, Wanted("phone", "+14255550100"), rita)
    except BadTarget as problem:
        assert not can and "bot identity" in problem.detail
    else:
        assert can


def test_me_without_a_linked_account_is_422_with_the_remedy(ringing: Call, rita: User) -> None:
    User.objects.filter(pk=rita.pk).update(oid="")
    answer = ask(api(rita), ringing, "redirect")
    assert answer.status_code == 422 and "Sign in with Microsoft" in answer.json()["detail"]


@pytest.mark.control("Z1")
@pytest.mark.parametrize("action", ACTIONS)
def test_deciding_needs_the_right_and_the_line(
    service: Service, clinic: Line, rita: User, omar: User, ada: User, una: User, eve: User, action: str
) -> None:
    graph_id = service.ring("clinic")
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    assert ask(api(), call, action).status_code == 401
    assert ask(api(eve), call, action).status_code == 403
    assert ask(api(una), call, action).status_code == 403
    hangs_up = action == "hang-up"
    assert ask(api(ada), call, action).status_code == (409 if hangs_up else 403)
    assert ask(api(omar), call, action).status_code == 404
    assert ask(api(rita), call, action).status_code in (200, 202, 409)


@pytest.mark.control("Z2")
@pytest.mark.parametrize("part", ["", "timeline"])
def test_a_call_out_of_scope_reads_like_one_that_is_not_there(
    service: Service, clinic: Line, omar: User, rita: User, part: str
) -> None:
    graph_id = service.ring("clinic")
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    ask(api(rita), call, "redirect")
    absent = Call(pk=uuid.uuid4())
    client = api(omar)
    there, nowhere = client.get(path(call, part)), client.get(path(absent, part))
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content
    acted, lost = ask(client, call, "claim"), ask(client, absent, "claim")
    assert acted.content == lost.content and acted.status_code == 404
    row = Operation.objects.get()
    assert client.get(f"/api/v1/operations/{row.pk}/").status_code == 404
    assert client.get("/api/v1/calls/").json()["results"] == []
    assert client.get("/api/v1/calls/", {"graph_id": graph_id}).json()["results"] == []


@pytest.fixture
def several(service: Service, main: Line, sales: Line, clinic: Line, clock: Any) -> list[Call]:
    """Return calls on three lines, two of them over."""
    found = []
    for n, line in enumerate(["main", "main", "sales", "clinic", "main"]):
        found.append(service.ring(line, phone=f"+1425555020{n}"))
        worker.run_pending()
        clock.forward(1)
    for graph_id in found[:2]:
        service.states[graph_id] = "terminated"
        from tests.calls.service import state, tell

        tell(graph_id, "deleted", state("terminated"))
    worker.run_pending()
    return [Call.objects.get(graph_id=graph_id) for graph_id in found]


@pytest.mark.control("Z3")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 2, 1, 0]),
        ({"live": "true"}, [4, 2]),
        ({"live": "false"}, [1, 0]),
        ({"q": "50202"}, [2]),
        ({"q": "50203"}, []),
        ({"line": "sales"}, [2]),
        ({"line": "clinic"}, []),
    ],
)
def test_the_list_is_narrowed_within_the_persons_lines(
    several: list[Call], omar: User, query: dict[str, str], expected: list[int]
) -> None:
    if "line" in query:
        query = {"line": str(Line.objects.get(name=query["line"]).pk)}
    results = api(omar).get("/api/v1/calls/", query).json()["results"]
    assert [row["id"] for row in results] == [str(several[n].pk) for n in expected]


def test_a_call_is_found_by_graphs_id_in_any_spelling(several: list[Call], omar: User) -> None:
    wanted = several[2]
    for spelling in (wanted.graph_id, wanted.graph_id.replace("-", "").upper()):
        for name in ("graph_id", "q"):
            (row,) = api(omar).get("/api/v1/calls/", {name: spelling}).json()["results"]
            assert row["id"] == str(wanted.pk)


@pytest.mark.parametrize("query", ["live=maybe", "line=main", "line=0", "q=%00", "cursor=zzz", "limit=0"])
def test_a_query_that_makes_no_sense_is_400(main: Line, rita: User, query: str) -> None:
    assert api(rita).get(f"/api/v1/calls/?{query}").status_code == 400


def test_pages_follow_each_other_without_gap_or_repetition(several: list[Call], rita: User) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = api(rita).get("/api/v1/calls/", {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
    assert seen == [str(call.pk) for call in reversed(several)]


def test_a_longer_list_needs_no_more_queries(
    several: list[Call], rita: User, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection

    client = api(rita)

    def count(limit: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(client.get("/api/v1/calls/", {"limit": limit}).json()["results"]) == limit
        return len(queries)

    count(1)  # the token's last use is written once
    assert count(1) == count(5) <= 8


def test_the_timeline_tells_the_life_of_a_call_in_words(ringing: Call, rita: User) -> None:
    ask(api(rita), ringing, "claim")
    ask(api(rita), ringing, "redirect")
    worker.run_pending()
    page = api(rita).get(path(ringing, "timeline")).json()
    titles = [event["title"] for event in page["results"]]
    assert titles == [
        "Call from +14255550123",
        "Confirmed by Microsoft",
        "Claimed by Rita",
        "Redirection to Rita requested",
        "Redirection to Rita accepted by Microsoft",
    ]
    assert page["next"] is None
    first = api(rita).get(path(ringing, "timeline"), {"limit": 2}).json()
    rest = api(rita).get(path(ringing, "timeline"), {"cursor": first["next"]}).json()
    assert first["results"] + rest["results"] == page["results"]


def test_the_described_shape_is_the_one_that_is_sent(ringing: Call, rita: User) -> None:
    from calls.api.serializers import CallSerializer, OperationSerializer

    ask(api(rita), ringing, "redirect")
    shown = api(rita).get(path(ringing)).json()
    assert set(shown) == set(CallSerializer().fields)
    assert set(shown["operation"]) == set(OperationSerializer().fields)
    assert set(shown["claim"]) == set(CallSerializer().fields["claim"].fields)
