"""From ring to end against the simulator: real HTTPS, tokens and signatures on both ways."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calls import cards, commands, operations, outgoing, sending, timeline
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from directory.models import Person, User
from graph import conf
from routing.models import Line
from tests.calls.simulation import PATIENCE, ROOT, Here, Simulation, connect, portal, wait_for
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(simulation: Simulation, settings: Any) -> Iterator[Here]:
    """Have the portal connected to the simulator and running; every invariant holds when the test is done."""
    connect(simulation, settings)
    simulation.ask("PUT", "faults", {"duplicate": 0, "reorder": 0, "error": 0, "drop": 0, "throttle": 0})
    with portal(simulation) as running:
        conf.warm_up(PATIENCE)  # a ring before the keys are there is answered 503
        yield running


@pytest.fixture
def receptionist(simulation: Simulation, here: Here) -> User:
    """Return Rita of Contoso."""
    found = next(one for one in simulation.ask("GET", "people") if one["name"].startswith("Rita"))
    tenant = simulation.connection["tenant"]
    rita = User.objects.create_user(
        "rita", name=found["name"], roles=["receptionist"], tenant_id=tenant, oid=found["id"]
    )
    other = next(one for one in simulation.ask("GET", "people") if one["name"].startswith("Omar"))
    for told in json.loads((ROOT / "simulator/data/contoso.json").read_text())["lines"]:
        Line.objects.create(tenant_id=tenant, **told).staff.set([rita])
    fallback = {"fallback": "voicemail", "fallback_kind": "user", "fallback_target": other["id"]}
    Line.objects.filter(name="main").update(**fallback)
    return rita


def call_of(graph_id: str) -> Call:
    return wait_for(lambda: Call.objects.filter(graph_id=graph_id).first(), "call in the portal")


def ended(graph_id: str) -> Call:
    over = Call.objects.filter(graph_id=graph_id, state="terminated").exclude(outcome="")
    return wait_for(over.first, "end of the call")


def history(simulation: Simulation, graph_id: str) -> list[str]:
    return [entry["state"] for entry in simulation.ask("GET", f"calls/{graph_id}")["history"]]


def test_a_ring_is_taken_and_graph_has_redirected_it(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    call = call_of(graph_id)
    assert call.state == "incoming" and call.line.name == "main"  # type: ignore[union-attr]
    row = commands.redirect(call.pk, receptionist)
    over = ended(graph_id)
    row.refresh_from_db()
    assert (over.outcome, row.status) == ("taken", "done")
    assert over.handled_to == receptionist.name
    assert simulation.ask("GET", f"calls/{graph_id}")["state"] == "terminated"


def person(simulation: Simulation, behaviour: str) -> dict[str, Any]:
    """Return somebody of the directory who does so when called."""
    found = simulation.ask("GET", "people")[-1]
    return simulation.ask("PUT", f"people/{found['id']}", {"behaviour": behaviour})


def answered(simulation: Simulation, receptionist: User) -> Call:
    """Have somebody call and the bot answer."""
    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    return wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")


def transferred(simulation: Simulation, receptionist: User, behaviour: str) -> tuple[str, Operation]:
    """Answer a ring and transfer it to somebody who does so; return when that is settled."""
    live = answered(simulation, receptionist)
    wanted = Wanted("user", person(simulation, behaviour)["id"])
    row = commands.transfer(live.pk, receptionist, wanted=wanted)
    settled = Operation.objects.filter(pk=row.pk).exclude(status="pending")
    return live.graph_id, wait_for(settled.first, "end of the transfer")


@pytest.mark.case(27)
def test_a_ring_is_answered_and_transferred(simulation: Simulation, receptionist: User) -> None:
    graph_id, row = transferred(simulation, receptionist, "answer")
    assert row.status == "done"
    over = ended(graph_id)
    assert (over.outcome, over.result_subcode) == ("transferred", 7015)


@pytest.mark.case(26)
def test_a_transfer_that_is_declined_brings_the_caller_back(simulation: Simulation, receptionist: User) -> None:
    graph_id, row = transferred(simulation, receptionist, "decline")
    assert row.status == "failed" and row.error_subcode == 7000
    call = call_of(graph_id)
    assert call.state == "established"
    commands.hang_up(call.pk, receptionist)
    assert ended(graph_id).outcome == "hung_up"


@pytest.mark.control("R3")
def test_a_transfer_whose_answer_and_notifications_are_lost_rings_its_target_once(
    simulation: Simulation, receptionist: User, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.expected_log.append("the worker died before it could save")

    def lose(row: Operation, answer: sending.Accepted) -> None:
        raise ConnectionError("the worker died before it could save the answer")

    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    live = wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    simulation.ask("PUT", "faults", {"drop": 1})
    monkeypatch.setattr(operations, "_accepted", lose)
    wanted = Wanted("user", person(simulation, "busy")["id"])
    row = commands.transfer(live.pk, receptionist, wanted=wanted)
    settled = wait_for(Operation.objects.filter(pk=row.pk).exclude(status="pending").first, "settlement")
    assert settled.status == "failed" and call_of(graph_id).state == "established"
    assert history(simulation, graph_id).count("transferring") == 1
    monkeypatch.undo()
    simulation.ask("PUT", "faults", {"drop": 0})
    commands.hang_up(live.pk, receptionist)
    assert ended(graph_id).outcome == "hung_up"


def with_new_token(tenant: str) -> None:
    """Have the next request ask with the permissions that are granted now."""
    tokens = conf.client(tenant)._tokens
    tokens.drop(tokens.bearer())


def invited(simulation: Simulation, receptionist: User, behaviour: str) -> tuple[Call, Operation]:
    """Answer a ring and invite somebody who does so; return when that is settled."""
    live = answered(simulation, receptionist)
    wanted = [Wanted("user", person(simulation, behaviour)["id"])]
    (row,) = commands.invite(live.pk, receptionist, wanted=wanted)
    settled = Operation.objects.filter(pk=row.pk).exclude(status="pending")
    return live, wait_for(settled.first, "end of the invitation")


def together(simulation: Simulation, guest: str) -> list[str]:
    """Return who is in the group of `guest`, once nobody of the portal's is."""
    rosters = (one["participants"] for one in simulation.ask("GET", "groups"))
    return next((sorted(who["name"] for who in roster) for roster in rosters if guest in str(roster)), [])


def test_a_guest_joins_and_stays_with_the_caller_when_the_bot_leaves(
    simulation: Simulation, receptionist: User
) -> None:
    live, row = invited(simulation, receptionist, "answer")
    assert row.status == "done"
    guest = row.parameters["to"]
    assert guest in str(simulation.ask("GET", "groups"))
    wait_for(lambda: len(people(live)) == 2, "the roster")  # by which the portal knows that somebody stays
    commands.hang_up(live.pk, receptionist)
    over = ended(live.graph_id)
    assert (over.outcome, over.handled_to) == ("transferred", guest)
    wait_for(lambda: len(together(simulation, guest)) == 2, "caller and guest by themselves")


def people(live: Call) -> dict[str, dict[str, Any]]:
    """Return who the portal shows in a call, the caller as `caller`, anybody else as `guest`."""
    shown = cards.cards([live.pk])[live.pk].card["people"]
    return {"caller" if one["is_caller"] else "guest": one for one in shown}


def done(row: Operation) -> Operation:
    settled = Operation.objects.filter(pk=row.pk).exclude(status="pending")
    found: Operation = wait_for(settled.first, "end of what was asked")
    assert found.status == "done", found.error_detail
    return found


def there(simulation: Simulation, name: str, what: str) -> bool:
    """Tell whether the simulator has somebody of that name muted or held in any group."""
    everybody = [one for group in simulation.ask("GET", "groups") for one in group["participants"]]
    return any(one[what] for one in everybody if one["name"] == name)


def test_a_switchboard_consults_brings_together_and_drops_out(simulation: Simulation, receptionist: User) -> None:
    live, row = invited(simulation, receptionist, "answer")
    guest = row.parameters["to"]
    wait_for(lambda: len(people(live)) == 2, "the roster")
    done(commands.hold(live.pk, receptionist))
    assert people(live)["caller"]["is_on_hold"]
    caller = people(live)["caller"]["name"]
    assert there(simulation, caller, "held")
    done(commands.mute(live.pk, receptionist, participant=people(live)["guest"]["id"]))
    wait_for(lambda: people(live)["guest"]["is_muted"], "the mute in the roster")
    assert there(simulation, guest, "muted")
    done(commands.resume(live.pk, receptionist))
    assert not people(live)["caller"]["is_on_hold"] and not there(simulation, caller, "held")
    commands.hang_up(live.pk, receptionist)
    assert ended(live.graph_id).outcome == "transferred"
    wait_for(lambda: len(together(simulation, guest)) == 2, "caller and guest by themselves")


def test_a_guest_is_removed_and_the_caller_stays(simulation: Simulation, receptionist: User) -> None:
    live, _ = invited(simulation, receptionist, "answer")
    wait_for(lambda: len(people(live)) == 2, "the roster")
    done(commands.remove(live.pk, receptionist, participant=people(live)["guest"]["id"]))
    wait_for(lambda: list(people(live)) == ["caller"], "the roster without the guest")
    assert call_of(live.graph_id).state == "established"
    commands.hang_up(live.pk, receptionist)
    assert ended(live.graph_id).outcome == "hung_up"


def test_a_tenant_that_forbids_removals_is_told_the_remedy(simulation: Simulation, receptionist: User) -> None:
    tenant = simulation.connection["tenant"]
    live, _ = invited(simulation, receptionist, "answer")
    wait_for(lambda: len(people(live)) == 2, "the roster")
    simulation.ask("PUT", "tenant-settings", {tenant: {"removes_participants": False}})
    try:
        row = commands.remove(live.pk, receptionist, participant=people(live)["guest"]["id"])
        settled = Operation.objects.filter(pk=row.pk).exclude(status="pending")
        failed = wait_for(settled.first, "end of the removal")
    finally:
        simulation.ask("PUT", "tenant-settings", {tenant: {"removes_participants": True}})
    assert failed.status == "failed" and "AllowRemoveParticipantAppIds" in failed.error_detail
    commands.hang_up(live.pk, receptionist)
    ended(live.graph_id)


def test_a_guest_who_declines_leaves_the_caller_where_they_were(
    simulation: Simulation, receptionist: User
) -> None:
    live, row = invited(simulation, receptionist, "decline")
    assert (row.status, row.error_title) == ("failed", "Nobody came")
    assert call_of(live.graph_id).state == "established"
    commands.hang_up(live.pk, receptionist)
    assert ended(live.graph_id).outcome == "hung_up"


def test_a_caller_with_guests_is_transferred_by_name(simulation: Simulation, receptionist: User) -> None:
    live, _ = invited(simulation, receptionist, "answer")
    other = next(one for one in simulation.ask("GET", "people") if one["behaviour"] == "answer")
    transfer = commands.transfer(live.pk, receptionist, wanted=Wanted("user", other["id"]))
    settled = Operation.objects.filter(pk=transfer.pk).exclude(status="pending")
    assert wait_for(settled.first, "end of the transfer").status == "done"
    assert ended(live.graph_id).outcome == "transferred"


def test_without_the_permission_to_invite_its_name_is_told(simulation: Simulation, receptionist: User) -> None:
    tenant, lacking = simulation.connection["tenant"], "Calls.InitiateGroupCall.All"
    roles = simulation.ask("GET", "permissions")[tenant]
    simulation.ask("PUT", "permissions", {tenant: [role for role in roles if role != lacking]})
    with_new_token(tenant)
    try:
        live, row = invited(simulation, receptionist, "answer")
    finally:
        simulation.ask("PUT", "permissions", {tenant: roles})
        with_new_token(tenant)
    assert row.status == "failed" and lacking in row.error_detail
    commands.hang_up(live.pk, receptionist)
    assert ended(live.graph_id).outcome == "hung_up"


def bridging(simulation: Simulation, organizer: User) -> None:
    """Have the main line hold a meeting for each call, in somebody's name."""
    Line.objects.filter(name="main").update(mode="bridge", organizers=organizer.oid)


def behave(simulation: Simulation, person: User, behaviour: str) -> None:
    simulation.ask("PUT", f"people/{person.oid}", {"behaviour": behaviour})


def led(call: Call) -> Operation:
    """Return what became of leading a caller into a meeting."""
    settled = Operation.objects.filter(call=call, kind="bridge").exclude(status="pending")
    found: Operation = wait_for(settled.first, "end of bridging")
    return found


def test_a_caller_is_led_into_a_meeting_and_everything_goes_on_there(
    simulation: Simulation, receptionist: User
) -> None:
    bridging(simulation, receptionist)
    behave(simulation, receptionist, "answer")
    phone = "+14255550187"
    graph_id = simulation.ring("main", phone)
    call = call_of(graph_id)
    commands.answer(call.pk, receptionist)
    row = led(call)
    assert row.status == "done", row.error_detail
    over = ended(graph_id)
    assert over.outcome == "answered" and over.bridge is not None
    room = over.bridge
    assert cards.cards([over.pk])[over.pk].card["lane"] == "aside"
    wait_for(lambda: len(people(room)) == 2, "the roster")
    shown = cards.cards([room.pk])[room.pk].card
    assert (shown["lane"], shown["bridge_of"], shown["caller"]["phone"]) == ("live", str(call.pk), phone)
    guest = person(simulation, "answer")
    done(commands.hold(room.pk, receptionist))
    (invited,) = commands.invite(room.pk, receptionist, wanted=[Wanted("user", guest["id"])])
    done(invited)
    wait_for(lambda: len(cards.cards([room.pk])[room.pk].card["people"]) == 3, "the colleague")
    done(commands.resume(room.pk, receptionist))
    commands.hang_up(room.pk, receptionist)
    assert ended(room.graph_id).outcome == "transferred"
    wait_for(lambda: len(together(simulation, phone)) == 3, "the others by themselves")


def test_a_meeting_is_held_for_one_caller_alone(simulation: Simulation, receptionist: User) -> None:
    bridging(simulation, receptionist)
    behave(simulation, receptionist, "answer")
    calls = [call_of(simulation.ring("main", f"+142555501{number}0")) for number in range(2)]
    for call in calls:
        commands.answer(call.pk, receptionist)
    assert {led(call).status for call in calls} == {"done"}
    rooms = [Call.objects.get(pk=call.pk).bridge for call in calls]
    assert len({room.graph_id for room in rooms if room}) == 2
    for room in rooms:
        commands.hang_up(room.pk, receptionist)  # type: ignore[union-attr]
        ended(room.graph_id)  # type: ignore[union-attr]


@pytest.mark.parametrize("behaviour", ["decline", "busy"])
def test_a_caller_whose_receptionist_does_not_come_is_still_here(
    simulation: Simulation, receptionist: User, behaviour: str
) -> None:
    bridging(simulation, receptionist)
    behave(simulation, receptionist, behaviour)
    call = call_of(simulation.ring("main"))
    commands.answer(call.pk, receptionist)
    row = led(call)
    assert (row.status, row.error_title) == ("failed", "Nobody took the call in Teams")
    call.refresh_from_db()
    assert (call.state, call.bridge) == ("established", None)
    wait_for(lambda: not Call.objects.live().exclude(pk=call.pk).exists(), "end of the meeting")
    behave(simulation, receptionist, "answer")
    again = done(commands.bridge(call.pk, receptionist))
    room = Call.objects.get(bridged=again.call_id)
    assert ended(call.graph_id).outcome == "answered"
    commands.hang_up(room.pk, receptionist)
    ended(room.graph_id)


def test_a_caller_who_gives_up_meanwhile_leaves_no_meeting_behind(
    simulation: Simulation, receptionist: User
) -> None:
    bridging(simulation, receptionist)
    behave(simulation, receptionist, "ignore")
    call = call_of(simulation.ring("main"))
    commands.answer(call.pk, receptionist)
    wait_for(Operation.objects.filter(kind="invite").first, "ringing in Teams")
    simulation.ask("POST", f"calls/{call.graph_id}/hang-up")
    row = led(call)
    assert (row.status, row.error_title) == ("failed", "The call ended first")
    assert ended(call.graph_id).outcome == "abandoned"
    wait_for(lambda: not Call.objects.live().exists(), "end of the meeting")


def test_hanging_up_on_the_way_into_the_meeting_ends_the_call(simulation: Simulation, receptionist: User) -> None:
    bridging(simulation, receptionist)
    behave(simulation, receptionist, "ignore")
    call = call_of(simulation.ring("main"))
    commands.answer(call.pk, receptionist)
    invited = wait_for(Operation.objects.filter(kind="invite").first, "ringing in Teams")
    commands.hang_up(invited.call_id, receptionist)
    assert led(call).error_title == "Hung up"
    assert ended(call.graph_id).outcome == "hung_up"


def test_without_an_access_policy_its_name_is_told_and_the_caller_stays(
    simulation: Simulation, receptionist: User
) -> None:
    bridging(simulation, receptionist)
    tenant = simulation.connection["tenant"]
    simulation.ask("PUT", "tenant-settings", {tenant: {"has_access_policy": False}})
    try:
        call = call_of(simulation.ring("main"))
        commands.answer(call.pk, receptionist)
        row = led(call)
    finally:
        simulation.ask("PUT", "tenant-settings", {tenant: {"has_access_policy": True}})
    assert row.status == "failed" and "Grant-CsApplicationAccessPolicy" in row.error_detail
    assert call_of(call.graph_id).state == "established"
    commands.hang_up(call.pk, receptionist)
    assert ended(call.graph_id).outcome == "hung_up"


@pytest.mark.case(31)
def test_a_bot_that_may_not_stay_is_dropped_and_the_record_says_what_lacks(
    simulation: Simulation, receptionist: User
) -> None:
    tenant, lacking = simulation.connection["tenant"], "Calls.JoinGroupCall.All"
    roles = simulation.ask("GET", "permissions")[tenant]
    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    live = wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    simulation.ask("PUT", "permissions", {tenant: [role for role in roles if role != lacking]})
    try:
        simulation.ask("POST", f"calls/{graph_id}/escalate", {"user": person(simulation, "answer")["id"]})
        over = ended(graph_id)
    finally:
        simulation.ask("PUT", "permissions", {tenant: roles})
    assert (over.result_code, over.result_subcode, over.outcome) == (200, 5000, "answered")
    (told,) = (one["detail"] for one in timeline.of(live) if one["title"] == "Call ended")
    assert lacking in told


@pytest.mark.parametrize("reason", ["none", "busy"])
def test_a_ring_is_rejected(simulation: Simulation, receptionist: User, reason: str) -> None:
    graph_id = simulation.ring("main")
    commands.reject(call_of(graph_id).pk, receptionist, reason=reason)
    assert ended(graph_id).outcome == "rejected"


@pytest.mark.case(4)
def test_a_caller_hangs_up_while_it_rings(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    call_of(graph_id)
    simulation.ask("POST", f"calls/{graph_id}/hang-up")
    assert ended(graph_id).outcome == "abandoned"


def test_a_caller_hangs_up_on_a_conversation(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    simulation.ask("POST", f"calls/{graph_id}/hang-up")
    over = ended(graph_id)
    assert over.outcome == "answered" and over.result_code is not None


@pytest.mark.case(19)
@pytest.mark.parametrize("line", ["main", "clinic"])
def test_nobody_decides_and_the_lines_fallback_does(
    simulation: Simulation, receptionist: User, settings: Any, line: str
) -> None:
    settings.RING_DECISION_SECONDS = 1
    graph_id = simulation.ring(line)
    over = ended(graph_id)
    assert over.outcome == "fallback"
    assert Operation.objects.filter(call=over).count() == 1


def test_a_call_is_placed_from_a_line(simulation: Simulation, receptionist: User) -> None:
    wanted = Wanted("user", person(simulation, "answer")["id"])
    row = commands.create(Line.objects.get(name="main"), wanted, receptionist)
    call = Call.objects.get(pk=row.call_id)
    wait_for(Call.objects.filter(pk=call.pk).exclude(graph_id="").first, "call at Graph")
    wait_for(Operation.objects.filter(pk=row.pk, status="done").first, "creation")
    wait_for(Call.objects.filter(pk=call.pk, state="established").first, "conversation")
    commands.hang_up(call.pk, receptionist)
    wait_for(Call.objects.filter(pk=call.pk, outcome="hung_up").first, "end of the call")
    assert Call.objects.count() == 1


@pytest.mark.parametrize("takes", [True, False])
def test_a_caller_is_connected_with_somebody_who_was_called_first(
    simulation: Simulation, receptionist: User, takes: bool
) -> None:
    target = person(simulation, "answer")["id"]
    reached = commands.call_one(Line.objects.get(name="main").pk, receptionist, wanted=Wanted("user", target))
    wait_for(Call.objects.filter(pk=reached.pk, state="established").first, "the one who is called first")
    live = answered(simulation, receptionist)
    simulation.ask("PUT", f"people/{target}", {"behaviour": "answer" if takes else "decline"})
    row = commands.connect(live.pk, receptionist, to=reached.pk)
    settled = wait_for(Operation.objects.filter(pk=row.pk).exclude(status="pending").first, "end of the transfer")
    if takes:
        assert settled.status == "done" and ended(live.graph_id).outcome == "transferred"
        wait_for(Call.objects.filter(pk=reached.pk, state="terminated").first, "end of the call that is replaced")
        return
    assert (settled.status, settled.error_subcode) == ("failed", 7700)
    assert {call.state for call in Call.objects.all()} == {"established"}
    for call in (live, reached):
        commands.hang_up(call.pk, receptionist)
        ended(Call.objects.get(pk=call.pk).graph_id)


def test_only_some_hear_somebody_until_all_do_again(simulation: Simulation, receptionist: User) -> None:
    live, _ = invited(simulation, receptionist, "answer")
    wait_for(lambda: len(people(live)) == 2, "the roster")
    caller, guest = (people(live)[who]["id"] for who in ("caller", "guest"))
    done(commands.route_audio(live.pk, receptionist, participant=guest, receivers=[caller]))
    assert people(live)["guest"]["heard_by"] == [people(live)["caller"]["name"]]
    done(commands.unroute(live.pk, receptionist, participant=guest))
    assert people(live)["guest"]["heard_by"] == []
    commands.hang_up(live.pk, receptionist)
    ended(live.graph_id)


def outcomes(call: Call) -> dict[str, str]:
    """Return what became of each who is called, by id."""
    card = cards.cards([call.pk])[call.pk].card
    return {one["id"]: one["outcome"] for one in card["called"]}


def test_people_are_called_together_and_who_was_busy_is_rung_again(
    simulation: Simulation, receptionist: User
) -> None:
    people, line = simulation.ask("GET", "people"), Line.objects.get(name="main")
    Line.objects.filter(pk=line.pk).update(organizers=receptionist.oid)
    comes, busy, declines = (one["id"] for one in people[-3:])
    for oid, behaviour in ((comes, "answer"), (busy, "busy"), (declines, "decline")):
        simulation.ask("PUT", f"people/{oid}", {"behaviour": behaviour})
    in_directory = Person.objects.filter(oid__in=[comes, busy, declines])
    wait_for(lambda: in_directory.count() == 3, "directory")
    wanted = [*(Wanted("user", oid) for oid in (comes, busy, declines)), Wanted("phone", "+14255550177")]
    call = outgoing.call_together(line.pk, receptionist, wanted=wanted)
    expected = {comes: "joined", busy: "busy", declines: "declined", "+14255550177": "joined"}
    wait_for(lambda: outcomes(call) == expected, "all of their answers")
    simulation.ask("PUT", f"people/{busy}", {"behaviour": "answer"})
    (again,) = commands.ring_again(call.pk, receptionist)
    assert again.parameters["targets"][0]["id"] == busy
    wait_for(lambda: outcomes(call)[busy] == "joined", "the one who was busy")

    def in_the_call() -> int:
        shown = cards.cards([call.pk])[call.pk].card
        return len(shown["people"]) if shown["roster"] == "known" else 0

    wait_for(lambda: in_the_call() == 3, "all three in the roster")
    commands.hang_up(call.pk, receptionist)
    over = wait_for(Call.objects.filter(pk=call.pk, outcome="hung_up").first, "end of the call")
    assert over.handled_to.endswith(" and 3 more") and Call.objects.count() == 1


@pytest.mark.parametrize("way", ["link", "id"])
def test_a_meeting_is_joined_and_its_passcode_stays_nowhere(
    simulation: Simulation, receptionist: User, here: Here, way: str
) -> None:
    made = simulation.ask(
        "POST", "meetings", {"organizer": receptionist.oid, "subject": "Round", "passcode": True}
    )
    number, passcode = made["join_meeting_id"], made["passcode"]
    where = outgoing.by_link(made["join_url"]) if way == "link" else outgoing.by_number(number, passcode)
    call = outgoing.join(Line.objects.get(name="main").pk, receptionist, where=where)
    wait_for(Call.objects.filter(pk=call.pk, state="established").first, "the bot in the meeting")
    commands.invite(call.pk, receptionist, wanted=[Wanted("user", person(simulation, "answer")["id"])])
    wait_for(lambda: len(cards.cards([call.pk])[call.pk].card["people"]) == 1, "somebody who was invited")
    commands.hang_up(call.pk, receptionist)
    wait_for(Call.objects.filter(pk=call.pk, outcome="hung_up").first, "end of the call")
    kept = [
        *Operation.objects.values_list("parameters", flat=True),
        *Delivery.objects.values_list("body", flat=True),
    ]
    assert passcode not in repr(kept) and not any(passcode in line for _, line in here.log())


def test_a_wrong_passcode_fails_the_call_and_says_so(simulation: Simulation, receptionist: User) -> None:
    made = simulation.ask("POST", "meetings", {"organizer": receptionist.oid, "passcode": True})
    where = outgoing.by_number(made["join_meeting_id"], "000000")
    call = outgoing.join(Line.objects.get(name="main").pk, receptionist, where=where)
    over = wait_for(Call.objects.filter(pk=call.pk, outcome="failed").first, "end of the call")
    assert over.state == "terminated" and over.result_code == 404


@pytest.mark.control("I10")
@pytest.mark.timeout(300)
@pytest.mark.case(1)
@pytest.mark.case(3)
@pytest.mark.control("I4")
def test_doubled_swapped_and_failing_traffic_ends_as_at_the_other_side_and_decides_once(
    simulation: Simulation, receptionist: User
) -> None:
    faults = {"duplicate": 0.5, "reorder": 0.5, "error": 0.3, "throttle": 0.1, "seed": 7, "callback_retries": 3}
    simulation.ask("PUT", "faults", faults)
    rung = list[str]()
    for n in range(12):  # each is decided before the next rings: a slow machine has all of a ring's time for it
        rung.append(simulation.ring("main", f"+142555503{n:02}"))
        decide = (commands.redirect, commands.reject, commands.answer)[n % 3]
        decide(call_of(rung[-1]).pk, receptionist)
    settled = Operation.objects.filter(status="pending")
    wait_for(lambda: not settled.exists(), "settled operations", 90)
    simulation.ask("PUT", "faults", {"duplicate": 0, "reorder": 0, "error": 0, "throttle": 0})
    wait_for(lambda: agrees(simulation, rung), "same states on both sides", 60)
    for graph_id in rung:
        told: Any = simulation.ask("GET", f"calls/{graph_id}")
        effects = [entry for entry in told["history"] if entry["state"] in ("establishing", "redirecting")]
        assert len(effects) <= 1


def agrees(simulation: Simulation, rung: list[str]) -> bool:
    here = dict(Call.objects.filter(graph_id__in=rung).values_list("graph_id", "state"))
    there = {graph_id: simulation.ask("GET", f"calls/{graph_id}")["state"] for graph_id in rung}
    return here == there
