"""People are called together in the name of a line; each comes or does not, and some are rung again."""

import uuid
from typing import Any

import pytest
from django.conf import settings

from calls import cards, commands, outgoing, timeline, words
from calls.errors import BadTarget, NoLine, NotNow
from calls.models import Call, Operation, Participant, Timer
from calls.rules.targets import Wanted
from calls.sending import TOKEN
from commsportal import pauses, worker
from directory.models import Person, User
from graph import errors
from routing.models import Line
from tests.calls.service import Service, error, state, tell
from tests.calls.test_invitations import CALLED_OFF, drain, ended
from tests.people import INSTANCES, OIDS, api, make_line, make_person, tenant_id

PATH = "/api/v1/calls/"
NO_ANSWER = {"code": 480, "subcode": 0, "message": "Nobody answered."}
BUSY = {"code": 486, "subcode": 0, "message": "The callee is busy."}


@pytest.fixture
def line(main: Line) -> Line:
    """Return the main line, in which Max holds meetings; omar and max are in the directory."""
    main.organizers = OIDS["max"]
    main.save()
    for name in ("omar", "max", "una"):
        make_person(name.title(), oid=OIDS[name])
    return main


def wanted(*names: str) -> list[Wanted]:
    return [Wanted("user", OIDS[name]) for name in names]


@pytest.fixture
def group(line: Line, rita: User, service: Service, clock: Any) -> Call:
    """Return a call to omar, max and una, in which the bot is and rings them."""
    call = outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max", "una"))
    worker.run_pending()
    establish(service, call)
    return call


def establish(service: Service, call: Call) -> None:
    """Have Graph tell that the bot is in the meeting, alone."""
    call.refresh_from_db()
    service.states[call.graph_id] = "established"
    tell(call.graph_id, "updated", state("established"))
    roster(service, call)


def roster(service: Service, call: Call, *names: str) -> None:
    """Have Graph tell who is in."""
    instance = {"applicationInstance": {"id": INSTANCES["main"]}}
    people = [{"id": str(uuid.uuid5(uuid.UUID(OIDS["rita"]), "bot")), "info": {"identity": instance}}]
    for name in names:
        identity = {"user": {"id": OIDS[name], "displayName": name.title()}}
        people.append({"id": str(uuid.uuid5(uuid.UUID(OIDS[name]), name)), "info": {"identity": identity}})
    service.participants[call.graph_id] = people
    tell(call.graph_id, "updated", people, part="/participants")
    worker.run_pending()


def card(call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return shown


def outcomes(call: Call) -> dict[str, str]:
    return {one["to"]: one["outcome"] for one in card(call)["called"]}


def ring_of(call: Call, name: str) -> Operation:
    rows = call.operations.filter(kind="invite").order_by("created_at", "id")
    return [row for row in rows if row.parameters["targets"][0]["id"] == OIDS[name]][-1]


def settle(service: Service, call: Call) -> None:
    """Omar comes, Max declines, Una does not answer."""
    roster(service, call, "omar")
    ended(service, call, ring_of(call, "omar"))
    ended(service, call, ring_of(call, "max"), "failed", resultInfo=CALLED_OFF)
    ended(service, call, ring_of(call, "una"), "failed", resultInfo=NO_ANSWER)


def test_the_bot_enters_a_meeting_of_the_lines_and_then_everybody_is_rung(
    line: Line, rita: User, service: Service, clock: Any
) -> None:
    call = outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max"))
    assert (call.direction, call.state, call.handled_to) == ("outgoing", "establishing", "Omar and 1 more")
    worker.run_pending()
    (made,), (placed,) = service.made("meeting"), service.made("create")
    assert made == {"externalId": str(call.pk), "subject": "main: Omar and 1 more"}
    assert placed["source"]["identity"]["applicationInstance"] == {"id": INSTANCES["main"]}
    assert not placed.get("targets") and not service.made("invite")
    assert set(outcomes(call).values()) == {"waiting"}
    establish(service, call)
    rung = [one["participants"] for one in service.made("invite")]
    assert sorted(one["identity"]["user"]["id"] for (one,) in rung) == sorted([OIDS["omar"], OIDS["max"]])
    assert outcomes(call) == {"Omar": "ringing", "Max": "ringing"}
    assert card(call)["lane"] == "live" and card(call)["roster"] == "known" and not card(call)["people"]


def test_each_comes_out_as_they_do(group: Call, service: Service) -> None:
    settle(service, group)
    assert outcomes(group) == {"Omar": "joined", "Max": "declined", "Una": "no_answer"}
    roster(service, group)
    assert outcomes(group)["Omar"] == "left"
    told = [event["title"] for event in timeline.of(group)]
    assert told[0] == "The bot calls Omar and 2 more"
    assert "Invitation to Max failed" in told and "Invitation to Omar done" in told


def test_who_has_not_answered_is_rung_again_and_nobody_else(
    group: Call, rita: User, service: Service, clock: Any
) -> None:
    settle(service, group)
    clock.forward(1)
    before = len(service.made("invite"))
    answer = api(rita).post(f"{PATH}{group.pk}/ring-again/", {}, format="json")
    assert answer.status_code == 202 and len(answer.json()["operations"]) == 1
    worker.run_pending()
    (again,) = service.made("invite")[before:]
    assert again["participants"][0]["identity"]["user"]["id"] == OIDS["una"]
    una = next(one for one in card(group)["called"] if one["to"] == "Una")
    assert (una["outcome"], una["rings"], una["error"]) == ("ringing", 2, None)
    refused = api(rita).post(f"{PATH}{group.pk}/ring-again/", {}, format="json")
    assert refused.status_code == 409 and "nobody to ring again" in refused.json()["detail"]
    ended(service, group, ring_of(group, "una"), "failed", resultInfo=BUSY)
    assert outcomes(group)["Una"] == "busy"


def test_somebody_else_who_is_invited_later_is_one_of_them(group: Call, rita: User, service: Service) -> None:
    commands.invite(group.pk, rita, wanted=[Wanted("phone", "+14255550177")])
    worker.run_pending()
    assert outcomes(group)["+14255550177"] == "ringing"
    assert [one["kind"] for one in card(group)["called"]] == ["user", "user", "user", "phone"]


def test_the_call_is_over_when_the_bot_leaves_and_says_who_called(
    group: Call, rita: User, service: Service
) -> None:
    settle(service, group)
    commands.hang_up(group.pk, rita)
    worker.run_pending()
    tell(group.graph_id, "deleted", state("terminated", code=200, subcode=7000))
    worker.run_pending()
    group.refresh_from_db()
    assert (group.outcome, group.handled_by, group.handled_to) == ("hung_up", rita, "Omar and 2 more")
    assert outcomes(group) == {"Omar": "joined", "Max": "declined", "Una": "no_answer"}


def test_a_call_to_which_nobody_came_has_failed_and_the_bot_does_not_stay(
    group: Call, service: Service, clock: Any
) -> None:
    for name in ("omar", "max", "una"):
        ended(service, group, ring_of(group, name), "failed", resultInfo=NO_ANSWER)
    drain(clock, 100)
    assert not service.made("delete")  # somebody may want to ring them again
    drain(clock, 120)
    assert len(service.requests) and [name for name, *_ in service.requests].count("delete") == 1
    tell(group.graph_id, "deleted", state("terminated", code=200, subcode=7000))
    worker.run_pending()
    group.refresh_from_db()
    assert group.outcome == "failed"
    assert words.result_of(group).sentence == "Nobody of those who were called came."
    assert words.caller_of(group) == "Omar and 2 more"


def test_nobody_is_rung_if_the_bot_is_hung_up_before_it_is_there(
    line: Line, rita: User, service: Service, clock: Any
) -> None:
    call = outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max"))
    worker.run_pending()
    commands.hang_up(call.pk, rita)
    establish(service, call)
    assert not service.made("invite") and set(outcomes(call).values()) == {"waiting"}


def test_a_meeting_that_microsoft_does_not_make_ends_the_call_and_says_why(
    line: Line, rita: User, service: Service, clock: Any
) -> None:
    service.fail("meeting", error(403, "Forbidden"))
    call = outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max"))
    worker.run_pending()
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("terminated", "failed")
    assert "application access policy" in call.operations.get().error_detail


def test_a_call_that_is_not_answered_for_is_known_by_its_callback(
    line: Line, rita: User, service: Service, clock: Any
) -> None:
    service.fail("create", errors.OutcomeUnknown("no answer"))
    call = outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max"))
    worker.run_pending()
    graph_id, token = str(uuid.uuid4()), call.operations.get().token
    service.states[graph_id] = "established"
    tell(graph_id, "updated", state("established"), query=f"{TOKEN}={token}")
    worker.run_pending()
    call.refresh_from_db()
    assert call.graph_id == graph_id and Call.objects.count() == 1
    assert len(service.made("create")) == 1 and len(service.made("invite")) == 2


def test_it_waits_like_any_call_out_when_microsoft_wants_a_pause(
    line: Line, rita: User, service: Service, clock: Any
) -> None:
    pauses.note(line.tenant_id, pauses.Urgency.CREATE, 5.0, "too many")
    outgoing.call_together(line.pk, rita, wanted=wanted("omar", "max"))
    worker.run_pending()
    assert not service.made("meeting")
    drain(clock, 10)
    assert len(service.made("create")) == 1


def test_there_is_no_caller_who_could_be_transferred(group: Call, rita: User, service: Service) -> None:
    roster(service, group, "omar")
    with pytest.raises(NotNow, match="Nobody called here"):
        commands.transfer(group.pk, rita, wanted=Wanted("user", OIDS["max"]))
    with pytest.raises(NotNow, match="Nobody called here"):
        commands.park(group.pk, rita)
    with pytest.raises(NotNow, match="one of several already"):
        commands.bridge(group.pk, rita)


def post(who: User, body: dict[str, Any], **headers: str) -> Any:
    return api(who).post(PATH, body, format="json", **headers)


def users(*names: str) -> list[dict[str, str]]:
    return [{"kind": "user", "id": OIDS[name]} for name in names]


def test_the_answer_is_the_call_and_a_repeat_makes_no_second(line: Line, rita: User, service: Service) -> None:
    body = {"line": line.pk, "targets": [{"kind": "me"}, *users("omar")]}
    key = {"HTTP_IDEMPOTENCY_KEY": "a-group"}
    first, second = post(rita, body, **key), post(rita, body, **key)
    assert first.status_code == second.status_code == 202
    assert second["Content-Type"] == first["Content-Type"] and second["Idempotent-Replayed"] == "true"
    assert first.json() == second.json() and Call.objects.count() == 1
    told = first.json()
    assert (told["direction"], told["lane"], told["handled_to"]) == ("outgoing", "live", "Rita and 1 more")
    assert [(one["to"], one["outcome"], one["rings"]) for one in told["called"]] == [
        ("Rita", "waiting", 0),
        ("Omar", "waiting", 0),
    ]


STRANGER = {"kind": "user", "id": "dddddddd-0000-4000-8000-000000000001"}


@pytest.mark.parametrize(
    ("targets", "code", "said"),
    [
        ([], "bad_target", "Name 2 to 25 people"),
        ([STRANGER] * 26, "bad_target", "Name 2 to 25 people"),
        (users("omar", "omar"), "bad_target", "named once"),
        ([{"kind": "me"}, *users("rita")], "bad_target", "named once"),
        ([*users("omar"), {"kind": "voicemail", "id": OIDS["max"]}], "bad_target", "kind me, user or phone"),
        ([*users("omar"), {"kind": "application", "id": OIDS["max"]}], "bad_target", "kind me, user or phone"),
        ([*users("omar"), {"kind": "user", "id": "max"}], "bad_target", "GUID"),
        ([*users("omar"), {"kind": "phone", "id": "0555"}], "bad_target", "E.164"),
        ([*users("omar"), STRANGER], "bad_target", "nobody in the directory"),
    ],
)
def test_whoever_cannot_be_called_is_named_and_nobody_is(
    line: Line, rita: User, targets: list[dict[str, str]], code: str, said: str
) -> None:
    answer = post(rita, {"line": line.pk, "targets": targets})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["detail"]
    assert not Call.objects.exists()


def test_people_of_another_tenant_or_who_have_left_are_nobody(line: Line, rita: User) -> None:
    elsewhere = make_person("Eve", tenant_id="eeeeeeee-0000-4000-8000-000000000009")
    gone = make_person("Gone", enabled=False)
    for person in (elsewhere, gone):
        with pytest.raises(BadTarget, match="nobody in the directory"):
            outgoing.call_together(line.pk, rita, wanted=[*wanted("omar"), Wanted("user", person.oid)])
    assert Person.objects.filter(tenant_id=tenant_id()).count() == 4 and not Call.objects.exists()


def test_a_telephone_needs_a_bot_identity_of_the_line(line: Line, rita: User) -> None:
    Line.objects.filter(pk=line.pk).update(instance_id="")
    with pytest.raises(BadTarget, match="no bot identity to call from"):
        outgoing.call_together(line.pk, rita, wanted=[*wanted("omar"), Wanted("phone", "+14255550177")])


def test_a_line_without_an_organiser_says_what_it_lacks(main: Line, rita: User) -> None:
    make_person("Omar", oid=OIDS["omar"])
    answer = post(rita, {"line": main.pk, "targets": users("omar", "rita")})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "An administrator enters an organiser at the line." in answer.json()["detail"]


def test_only_lines_of_ones_own_are_called_from(line: Line, rita: User, omar: User, ada: User) -> None:
    other = make_line("sales", [omar])
    body = {"line": other.pk, "targets": users("omar", "max")}
    assert (post(rita, body).status_code, post(rita, body).json()["code"]) == (422, "no_line")
    assert post(rita, body | {"line": 10**6}).json()["detail"] == post(rita, body).json()["detail"]
    assert post(ada, body | {"line": line.pk}).status_code == 403
    with pytest.raises(NoLine):
        outgoing.call_together(other.pk, rita, wanted=wanted("omar", "max"))


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"line": 1}, "targets"),
        ({"line": "1", "targets": []}, "line"),
        ({"line": 1, "targets": [], "meeting": {"id": "123456789"}}, "targets"),
        ({"line": 1, "targets": {}}, "targets"),
        ({"line": 1, "targets": [], "subject": "x"}, "subject"),
        ({"line": 1, "meeting": {}}, "meeting"),
        ({"line": 1, "meeting": []}, "meeting"),
        ({"line": 1, "meeting": {"link": "x", "id": "123456789"}}, "meeting"),
        ({"line": 1, "meeting": {"link": "x", "passcode": "y"}}, "meeting"),
    ],
)
def test_a_body_of_another_shape_is_400(line: Line, rita: User, body: dict[str, Any], where: str) -> None:
    answer = post(rita, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [where])


def test_the_bot_is_known_by_the_bot_identity_of_its_line(group: Call, service: Service) -> None:
    assert Participant.objects.filter(call=group, kind="applicationInstance").count() == 1
    assert not card(group)["people"] and settings.GRAPH_CLIENT_ID
    assert Timer.objects.filter(call=group, kind="alone").exists()
    roster(service, group, "omar")
    assert not Timer.objects.filter(call=group, kind="alone").exists()
    assert [one["name"] for one in card(group)["people"]] == ["Omar"]
