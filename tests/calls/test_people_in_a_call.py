"""Who is in a call of several is read and shown; one of them is muted, put on hold, brought back, removed."""

from typing import Any

import pytest
from django.conf import settings

from calls import cards, commands, timeline
from calls.api.serializers import calls_json
from calls.errors import BadTarget, NotNow
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, answer, error, tell
from tests.calls.test_invitations import drain, ended, invite
from tests.people import OIDS
from webhooks.models import Delivery

BOT_ID = "0b070000-0000-4000-8000-000000000001"
CALLER_ID = "0b070000-0000-4000-8000-000000000002"
OMAR_ID = "0b070000-0000-4000-8000-000000000003"
MAX_ID = "0b070000-0000-4000-8000-000000000004"
NOBODY_ID = "0b070000-0000-4000-8000-000000000005"
ITSELF = {"id": settings.GRAPH_CLIENT_ID, "displayName": "Front desk"}
BOT = {"id": BOT_ID, "info": {"identity": {"application": ITSELF}}}
CALLER = {"id": CALLER_ID, "info": {"identity": {"phone": {"id": "+14255550123"}}}, "isMuted": False}
OMAR = {"id": OMAR_ID, "info": {"identity": {"user": {"id": OIDS["omar"], "displayName": "Omar"}}}}
MAX = {"id": MAX_ID, "info": {"identity": {"user": {"id": OIDS["max"], "displayName": "Max"}}}}


def shown(call: Call) -> dict[str, Any]:
    card: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return card


def names(call: Call) -> list[str]:
    return [one["name"] for one in shown(call)["people"]]


def person(call: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in shown(call)["people"] if one["id"] == name)
    return found


def told(call: Call) -> list[str]:
    """Return what the record says of its roster."""
    return [one["detail"] for one in timeline.of(call) if one["title"] == "Participants changed"]


@pytest.fixture
def several(live: Call, rita: User, service: Service) -> Call:
    """Return a call into which omar was invited, with its roster read."""
    row = invite(live, rita, "omar")
    worker.run_pending()
    service.participants[live.graph_id] = [BOT, OMAR, CALLER]
    ended(service, live, row)
    worker.run_pending()
    live.refresh_from_db()
    return live


def settled(row: Operation) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.error_title


@pytest.mark.case(28)
def test_a_call_of_two_has_nobody_to_name(live: Call, rita: User) -> None:
    assert (shown(live)["roster"], shown(live)["people"]) == ("none", [])
    for act in (commands.hold, commands.resume):
        with pytest.raises(NotNow, match=r"call of two.*invite somebody"):
            act(live.pk, rita)
    with pytest.raises(NotNow, match="call of two"):
        commands.mute(live.pk, rita, participant=CALLER_ID)


@pytest.mark.case(36)
def test_that_a_call_is_one_of_several_now_is_found_though_nobody_told(
    live: Call, service: Service, clock: Any
) -> None:
    service.participants[live.graph_id] = [BOT, OMAR, CALLER]
    chat = {"threadId": "19:meeting_x@thread.v2", "messageId": "0"}
    told = {"id": live.graph_id, "state": "established", "direction": "incoming", "chatInfo": chat}
    clock.forward(15 * 60)
    worker.run_pending()
    assert names(live) == []
    service.fail("get", answer(200, told))
    clock.forward(60)
    worker.run_pending()
    assert sorted(names(live)) == ["+14255550123", "Omar"]


def test_who_is_in_is_read_when_a_guest_has_come(several: Call) -> None:
    assert shown(several)["roster"] == "known"
    assert [(one["name"], one["is_caller"]) for one in shown(several)["people"]] == [
        ("+14255550123", True),
        ("Omar", False),
    ]
    assert told(several) == ["Joined: Front desk, Omar, +14255550123."]
    (body,) = calls_json([several])
    assert {one["name"] or one["identity"] for one in body["participants"]} == {
        "Front desk",
        "Omar",
        "+14255550123",
    }


def test_a_roster_that_microsoft_does_not_tell_is_not_nobody(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    worker.run_pending()
    assert (shown(live)["roster"], shown(live)["people"]) == ("unavailable", [])
    with pytest.raises(NotNow, match="has not said yet"):
        commands.hold(live.pk, rita)
    assert Timer.objects.filter(call=live, kind="roster").exists()


@pytest.mark.case(36)
def test_who_left_without_a_word_is_found_gone(several: Call, service: Service, clock: Any) -> None:
    service.participants[several.graph_id] = [BOT, CALLER, MAX]
    drain(clock, 35)
    assert names(several) == ["+14255550123", "Max"]
    assert told(several)[-1] == "Joined: Max. Left: Omar."


def test_a_mute_is_done_with_its_answer_and_shows_in_the_roster(
    several: Call, rita: User, service: Service
) -> None:
    before = shown(several)["handled_to"]
    row = commands.mute(several.pk, rita, participant=OMAR_ID)
    service.participants[several.graph_id] = [BOT, OMAR | {"isMuted": True}, CALLER]
    worker.run_pending()
    worker.run_pending()
    assert settled(row) == ("done", "")
    assert person(several, OMAR_ID)["is_muted"]
    assert told(several)[-1] == "Muted: Omar."
    assert shown(several)["handled_to"] == before
    words = [one["title"] for one in timeline.of(several)]
    assert "Muting for Omar requested" in words and "Muting for Omar done" in words


def test_the_caller_is_put_on_hold_and_brought_back(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    row = commands.hold(several.pk, rita)
    assert person(several, CALLER_ID)["operation"]["status"] == "pending"
    worker.run_pending()
    assert settled(row) == ("pending", "") and not person(several, CALLER_ID)["is_on_hold"]
    ended(service, several, row)
    assert person(several, CALLER_ID)["is_on_hold"]
    assert service.requests[-1][0] == "participants"
    with pytest.raises(NotNow, match=r"on hold already"):
        commands.hold(several.pk, rita)
    with pytest.raises(NotNow, match=r"one at a time"):
        commands.hold(several.pk, rita, participant=OMAR_ID)
    clock.forward(1)
    back = commands.resume(several.pk, rita)
    worker.run_pending()
    ended(service, several, back)
    assert not person(several, CALLER_ID)["is_on_hold"]
    with pytest.raises(NotNow, match="not on hold"):
        commands.resume(several.pk, rita)


def test_music_that_does_not_play_is_said(several: Call, rita: User, service: Service) -> None:
    row = commands.hold(several.pk, rita)
    worker.run_pending()
    ended(service, several, row, "failed", resultInfo={"code": 500, "subcode": 1, "message": "No music."})
    assert settled(row) == ("failed", "Not put on hold")
    one = person(several, CALLER_ID)
    assert not one["is_on_hold"] and "No music." in one["operation"]["error"]["detail"]


def test_somebody_is_removed(several: Call, rita: User, service: Service) -> None:
    row = commands.remove(several.pk, rita, participant=OMAR_ID)
    service.participants[several.graph_id] = [BOT, CALLER]
    worker.run_pending()
    worker.run_pending()
    assert settled(row) == ("done", "")
    assert names(several) == ["+14255550123"]
    assert shown(several)["state"] == "established"


def test_who_has_left_already_is_removed_and_cannot_be_muted(several: Call, rita: User, service: Service) -> None:
    service.participants[several.graph_id] = [BOT, CALLER]
    muted = commands.mute(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    assert settled(muted) == ("failed", "Omar is not in the call any more")
    several.refresh_from_db()
    assert several.is_live
    with pytest.raises(BadTarget):
        commands.remove(several.pk, rita, participant=OMAR_ID)


def test_a_removal_of_who_is_gone_is_done(several: Call, rita: User, service: Service) -> None:
    row = commands.remove(several.pk, rita, participant=OMAR_ID)
    service.participants[several.graph_id] = [BOT, CALLER]
    worker.run_pending()
    assert settled(row) == ("done", "")


def test_a_tenant_that_lets_nobody_be_removed_is_told_how(several: Call, rita: User, service: Service) -> None:
    service.fail("remove", error(403, "7505", "not listed"))
    row = commands.remove(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    assert settled(row)[0] == "failed"
    assert "AllowRemoveParticipantAppIds" in row.error_detail


@pytest.mark.control("R3")
@pytest.mark.parametrize("act", ["mute", "remove"])
def test_what_may_be_repeated_is_sent_again_when_its_answer_was_lost(
    several: Call, rita: User, service: Service, clock: Any, act: str
) -> None:
    service.fail(act, errors.OutcomeUnknown("no answer came"))
    row = getattr(commands, act)(several.pk, rita, participant=OMAR_ID)
    drain(clock, 10)
    assert settled(row) == ("done", "") and len(service.made(act)) == 2


@pytest.mark.control("R3")
def test_music_whose_answer_was_lost_is_not_known_to_play(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("startHoldMusic", errors.OutcomeUnknown("no answer came"))
    row = commands.hold(several.pk, rita)
    drain(clock, 70)
    assert settled(row) == ("unknown", "Not known whether this worked")
    assert len(service.made("startHoldMusic")) == 1
    assert person(several, CALLER_ID)["is_on_hold"]  # for all we know, and the way back is open
    back = commands.resume(several.pk, rita)
    worker.run_pending()
    ended(service, several, back)
    assert not person(several, CALLER_ID)["is_on_hold"]


def test_who_may_still_be_on_hold_keeps_nobody_else_from_it(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    ended_well = commands.hold(several.pk, rita)
    with pytest.raises(NotNow, match="one at a time"):
        commands.hold(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    ended(service, several, ended_well)
    clock.forward(1)
    back = commands.resume(several.pk, rita)
    worker.run_pending()
    ended(service, several, back, "failed", resultInfo={"code": 400, "subcode": 0, "message": "Not on hold."})
    assert settled(back) == ("failed", "Still on hold")
    commands.hold(several.pk, rita, participant=OMAR_ID)


def test_one_thing_at_a_time_is_asked_of_one_person(several: Call, rita: User) -> None:
    commands.hold(several.pk, rita)
    with pytest.raises(NotNow, match="Asked already"):
        commands.mute(several.pk, rita, participant=CALLER_ID)
    commands.mute(several.pk, rita, participant=OMAR_ID)
    commands.remove(several.pk, rita, participant=CALLER_ID)
    with pytest.raises(NotNow, match="Asked already"):
        commands.remove(several.pk, rita, participant=CALLER_ID)


def test_the_bot_and_strangers_are_not_acted_on(several: Call, rita: User) -> None:
    with pytest.raises(NotNow, match="bot itself"):
        commands.remove(several.pk, rita, participant=BOT_ID)
    with pytest.raises(BadTarget, match="not in this call"):
        commands.remove(several.pk, rita, participant=NOBODY_ID)


@pytest.mark.case(37)
def test_the_bot_leaves_when_it_has_been_alone_for_a_while(several: Call, service: Service, clock: Any) -> None:
    tell(several.graph_id, "updated", [BOT], part="/participants")
    service.participants[several.graph_id] = [BOT]
    drain(clock, 15)
    assert not service.made("delete")
    drain(clock, 10)
    assert len(service.made("delete")) == 1
    assert "Only the bot is left" in [one["title"] for one in timeline.of(several)]


@pytest.mark.case(37)
def test_the_bot_leaves_when_the_first_it_reads_is_that_it_is_alone(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    service.participants[live.graph_id] = [BOT]
    ended(service, live, row)
    drain(clock, 15)
    assert not service.made("delete")
    drain(clock, 15)
    assert len(service.made("delete")) == 1
    live.refresh_from_db()
    assert live.outcome == "answered"  # nobody hung up on the caller


@pytest.mark.case(37)
def test_the_bot_waits_for_who_is_being_rung(several: Call, rita: User, service: Service, clock: Any) -> None:
    service.participants[several.graph_id] = [BOT]
    invite(several, rita, "max")
    drain(clock, 38)
    assert not service.made("delete")


def test_a_bot_in_the_lobby_sees_itself_alone_and_stays(several: Call, service: Service, clock: Any) -> None:
    service.participants[several.graph_id] = [BOT | {"isInLobby": True}]
    drain(clock, 90)
    assert not service.made("delete")


def test_a_roster_that_microsoft_does_not_find_is_looked_for_again(
    several: Call, service: Service, clock: Any
) -> None:
    service.fail("participants", error(404, "8522"))
    service.participants[several.graph_id] = [BOT, CALLER]
    drain(clock, 70)
    assert names(several) == ["+14255550123"]


def test_a_late_roster_takes_nobody_out(several: Call, service: Service) -> None:
    late = tell(several.graph_id, "updated", [BOT], part="/participants")
    Delivery.objects.filter(pk=late.pk).update(attempts=1)  # it failed before
    worker.run_pending()
    late.refresh_from_db()
    assert late.status == "applied"
    assert names(several) == ["+14255550123", "Omar"]


def test_a_name_that_is_not_told_any_more_stays(several: Call) -> None:
    nameless = {"id": OMAR_ID, "info": {"identity": {"user": {"id": OIDS["omar"]}}}}
    before = Call.objects.get(pk=several.pk).version
    tell(several.graph_id, "updated", [BOT, nameless, CALLER], part="/participants")
    worker.run_pending()
    assert names(several) == ["+14255550123", "Omar"]
    assert Call.objects.get(pk=several.pk).version == before


def test_who_turns_out_to_be_somebody_else_is_a_new_version(several: Call) -> None:
    before = Call.objects.get(pk=several.pk).version
    tell(several.graph_id, "updated", [BOT, MAX | {"id": OMAR_ID}, CALLER], part="/participants")
    worker.run_pending()
    assert names(several) == ["+14255550123", "Max"]
    assert Call.objects.get(pk=several.pk).version > before


def test_somebody_without_an_identity_is_no_caller(several: Call) -> None:
    Call.objects.filter(pk=several.pk).update(caller_kind="", caller_id="")
    tell(several.graph_id, "updated", [BOT, {"id": MAX_ID, "info": {}}], part="/participants")
    worker.run_pending()
    assert [one["is_caller"] for one in shown(several)["people"]] == [False]


@pytest.mark.case(37)
def test_the_bot_stays_when_somebody_comes_back(several: Call, service: Service, clock: Any) -> None:
    tell(several.graph_id, "updated", [BOT], part="/participants")
    service.participants[several.graph_id] = [BOT]
    drain(clock, 15)
    service.participants[several.graph_id] = [BOT, OMAR]
    drain(clock, 40)
    assert not service.made("delete") and names(several) == ["Omar"]


def test_a_roster_read_ends_with_its_call(several: Call, service: Service, clock: Any) -> None:
    service.states[several.graph_id] = "terminated"
    drain(clock, 45)
    several.refresh_from_db()
    assert several.state == "terminated"
    assert not Timer.objects.filter(call=several).exists()
    assert shown(several)["people"] == [] and shown(several)["roster"] == "known"


def test_whoever_has_left_after_a_mute_without_an_answer_may_have_been_muted(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    row = commands.mute(several.pk, rita, participant=OMAR_ID)
    service.fail("mute", errors.OutcomeUnknown("no answer"))
    worker.run_pending()
    service.participants[several.graph_id] = [BOT, CALLER]
    drain(clock, 15)
    assert len(service.made("mute")) == 2
    assert settled(row)[0] == "unknown"


def test_talking_first_rings_somebody_and_has_the_caller_hear_music(
    several: Call, rita: User, max_: User, service: Service
) -> None:
    rung, held = commands.consult(several.pk, rita, wanted=Wanted("user", max_.oid))
    assert (rung.kind, rung.parameters["to"], held.kind) == ("invite", max_.oid, "hold")
    worker.run_pending()
    assert len(service.made("invite")) == 2 and len(service.made("startHoldMusic")) == 1
    ended(service, several, held)
    assert person(several, CALLER_ID)["is_on_hold"]
    (again,) = commands.consult(several.pk, rita, wanted=Wanted("user", rita.oid))
    assert again.kind == "invite"


def test_nobody_is_talked_to_first_about_a_call_of_two(live: Call, rita: User, max_: User) -> None:
    with pytest.raises(NotNow, match="Bridge it, or invite somebody into it first"):
        commands.consult(live.pk, rita, wanted=Wanted("user", max_.oid))
    assert not Operation.objects.filter(kind="invite").exists()


def test_a_parked_caller_hears_music_and_whoever_parked_them_is_out(
    several: Call, omar: User, rita: User, service: Service
) -> None:
    commands.release(several.pk, rita)
    commands.park(several.pk, omar)
    worker.run_pending()
    (held,), (removed,) = service.made("startHoldMusic"), service.made("remove")
    assert held is not None and removed is not None
    for kind in ("hold", "remove"):
        assert (
            Operation.objects.get(kind=kind).parameters["participant"]
            == {
                "hold": CALLER_ID,
                "remove": OMAR_ID,
            }[kind]
        )
    ended(service, several, Operation.objects.get(kind="hold"))
    commands.unpark(several.pk, rita)
    worker.run_pending()
    assert len(service.made("stopHoldMusic")) == 1
