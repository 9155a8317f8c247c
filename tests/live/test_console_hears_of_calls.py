"""A console gets everything once, then what changes; nothing is missing after it was away."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.live import world
from tests.live.console import Console

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Console]


def test_a_console_gets_a_snapshot_then_whole_cards(connect: Connect) -> None:
    rita = world.person()
    main = world.line(rita)
    known = world.ring(main)
    connect(rita).until(lambda c: c.cards)  # the server has heard of it
    console = connect(rita)
    first = console.read()
    assert (first["type"], [card["id"] for card in first["cards"]]) == ("snapshot", [str(known.pk)])
    fresh = world.ring(main, caller_name="Dana")
    message = console.next("changed")
    assert [card["caller"]["name"] for card in message["cards"]] == ["Dana"]
    assert message["gone"] == [] and message["seq"] > first["seq"]
    world.change(fresh, state="established", established_at=fresh.received_at)
    console.until(lambda c: c.cards[str(fresh.pk)]["state"] == "established")
    assert set(console.cards) == {str(known.pk), str(fresh.pk)}


def test_who_comes_back_gets_the_net_changes(connect: Connect) -> None:
    rita = world.person()
    main = world.line(rita)
    kept, changed = world.ring(main), world.ring(main)
    before, other = connect(rita), connect(rita)
    before.until(lambda c: len(c.cards) == 2)
    before.socket.close()
    world.change(changed, state="establishing")
    world.change(changed, state="established")
    other.until(lambda c: c.cards.get(str(changed.pk), {}).get("state") == "established")
    after = connect(rita, since=before.seq)
    message = after.read()
    assert message["type"] == "changed" and message["gone"] == []
    assert [(card["id"], card["state"]) for card in message["cards"]] == [(str(changed.pk), "established")]
    assert str(kept.pk) not in after.cards


@pytest.mark.parametrize("since", [0, 10**12])
def test_a_since_outside_the_window_gives_a_snapshot(connect: Connect, since: int) -> None:
    rita = world.person()
    call = world.ring(world.line(rita))
    connect(rita).until(lambda c: c.cards)
    again = connect(rita, since=since)
    again.seq = 0
    message = again.read()
    assert (message["type"], [card["id"] for card in message["cards"]]) == ("snapshot", [str(call.pk)])


def test_whom_this_process_has_not_met_gets_a_snapshot_whatever_they_have(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    call = world.ring(world.line(rita, omar))
    met = connect(rita)
    met.until(lambda c: c.cards)
    message = connect(omar, since=met.seq).read()
    assert (message["type"], [card["id"] for card in message["cards"]]) == ("snapshot", [str(call.pk)])
    assert connect(rita, since=met.seq).read()["type"] == "changed"


def test_two_people_see_only_their_lines(connect: Connect) -> None:
    rita, omar, una = world.person(), world.person(), world.person("auditor")
    sales, clinic = world.line(rita, omar), world.line(rita)
    consoles = {who.username: connect(who) for who in (rita, omar, una)}
    first, second, nowhere = world.ring(sales), world.ring(clinic), world.ring(None)
    last = world.ring(sales)
    for console in consoles.values():
        console.until(lambda c: str(last.pk) in c.cards)
    names = {first.pk: "sales", second.pk: "clinic", nowhere.pk: "nowhere", last.pk: "sales"}
    seen = {
        name: {names[call] for call in names if str(call) in console.cards} for name, console in consoles.items()
    }
    assert seen[rita.username] == {"sales", "clinic"}
    assert seen[omar.username] == {"sales"}
    assert seen[una.username] == {"sales", "clinic", "nowhere"}


def test_a_call_that_moves_to_another_line_is_withdrawn(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    sales, clinic = world.line(rita, omar), world.line(rita)
    call = world.ring(sales)
    everywhere, one_line = connect(rita), connect(omar)
    everywhere.until(lambda c: c.cards)
    one_line.until(lambda c: c.cards)
    world.change(call, line=clinic)
    assert one_line.next("changed")["gone"] == [str(call.pk)]
    moved = everywhere.next("changed")
    assert moved["gone"] == [] and moved["cards"][0]["line"]["id"] == clinic.pk


def test_an_ended_call_stays_for_sixty_minutes(connect: Connect) -> None:
    rita = world.person()
    main = world.line(rita)
    recent, old = world.ring(main), world.ring(main)
    console = connect(rita)
    console.until(lambda c: {str(recent.pk), str(old.pk)} <= set(c.cards))
    world.finish(recent, timedelta(minutes=59))
    world.finish(old, timedelta(minutes=60, seconds=1))
    console.until(lambda c: str(old.pk) not in c.cards)
    assert console.cards[str(recent.pk)]["lane"] == "handled"


def test_a_card_goes_when_its_time_is_over(connect: Connect) -> None:
    rita = world.person()
    call = world.ring(world.line(rita))
    console = connect(rita)
    console.until(lambda c: c.cards)
    world.finish(call, timedelta(minutes=59, seconds=50))  # seen to be over before it goes
    console.until(lambda c: c.cards and c.cards[str(call.pk)]["ended_at"])
    console.until(lambda c: not c.cards)
    assert connect(rita).read()["cards"] == []
