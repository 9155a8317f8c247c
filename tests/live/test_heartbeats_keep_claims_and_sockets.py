"""Who answers the heartbeat keeps socket and claims; who does not loses both, and nobody else notices."""

import contextlib
import math
import socket
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import pairwise

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus

from commsportal.clock import now
from directory import tokens
from directory.models import User
from tests.live import world
from tests.live.console import WAIT_SECONDS, Console
from tests.live.pace import PACE, SOCKETS_PER_PERSON

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Console]
STALLED = 'portal_sockets_closed_total{why="stalled"}'


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
    console.heard.clear()
    console.until(lambda c: shortest_pause(c) < PACE["heartbeat"])


def shortest_pause(console: Console) -> float:
    """Return the least time between two heartbeats: without a claim it is never below the pace of all."""
    times = [datetime.fromisoformat(one["now"]) for one in console.heard if one["type"] == "heartbeat"]
    return min(((later - earlier).total_seconds() for earlier, later in pairwise(times)), default=math.inf)


def figure(server: str, name: str) -> float:
    """Return what the server's `/metrics` says."""
    text = requests.get(f"http://{server}/metrics", timeout=30).text
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)


def test_silence_renews_nothing_and_ends_the_socket(connect: Connect, server: str) -> None:
    rita, omar = world.person(), world.person()
    main = world.line(rita, omar)
    call = world.claim(world.ring(main), rita)
    until = call.claim_until
    stalled = figure(server, STALLED)
    silent, neighbour = connect(rita, answers=False), connect(omar)
    assert silent.until_closed(neighbour) == 4008
    assert (figure(server, STALLED), figure(server, "portal_sockets")) == (stalled + 1, 1.0)
    call.refresh_from_db()
    assert call.claim_until == until
    later = world.ring(main)
    neighbour.until(lambda c: str(later.pk) in c.cards)


@pytest.mark.control("R16")
def test_consoles_that_read_nothing_are_let_go_and_their_neighbours_get_everything(
    connect: Connect, server: str
) -> None:
    rita, omar = world.person(), world.person()
    main = world.line(rita, omar)
    calls = [world.ring(main) for _ in range(40)]
    token = tokens.issue(rita)
    with contextlib.ExitStack() as stack:
        for _ in range(SOCKETS_PER_PERSON):
            stack.enter_context(stalled(server, token))
        with pytest.raises(InvalidStatus):
            connect(rita)
        neighbour = connect(omar)
        neighbour.until(lambda c: len(c.cards) == len(calls))
        for number in range(120):
            text = f"{number:03}" + "x" * 250
            world.change_all(calls, handled_to=text)
            neighbour.until(partial(all_say, text))
        once_let_in(connect, rita)


def all_say(text: str, console: Console) -> bool:
    """Tell whether every card was changed."""
    return all(card["handled_to"] == text for card in console.cards.values())


def stalled(server: str, token: str) -> socket.socket:
    """Open a console that reads its handshake and then nothing, with little room to receive."""
    host, _, port = server.partition(":")
    console = socket.socket()
    console.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    console.settimeout(WAIT_SECONDS)
    console.connect((host, int(port)))
    lines = [
        "GET /ws/console/ HTTP/1.1",
        f"Host: {server}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Authorization: Bearer {token}",
    ]
    console.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert console.recv(12) == b"HTTP/1.1 101"
    return console


def once_let_in(connect: Connect, user: User) -> Console:
    """Try until there is room for one more socket of `user`."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return connect(user)
        except InvalidStatus:
            assert time.monotonic() < end, "the stalled sockets still count"


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
    with contextlib.suppress(ConnectionClosed):
        for _ in range(100):
            flooding.say({"type": "seen", "seq": 1})
    assert flooding.until_closed() == 4400
    call = world.ring(world.line(omar))
    neighbour.until(lambda c: str(call.pk) in c.cards)


@pytest.mark.control("S4")
def test_one_person_holds_a_limited_number_of_sockets(connect: Connect) -> None:
    rita = world.person()
    held = [connect(rita) for _ in range(SOCKETS_PER_PERSON)]
    with pytest.raises(InvalidStatus) as refusal:
        connect(rita)
    assert refusal.value.response.status_code in (403, 429)
    connect(world.person()).read()
    held[0].socket.close()
    held[1].read()
    assert once_let_in(connect, rita).read()["type"] == "snapshot"
