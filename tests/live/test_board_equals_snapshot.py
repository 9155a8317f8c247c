"""Cards applied message by message are the cards of a fresh snapshot, for every scope and after every absence."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.live import board as boards
from calls.live.board import Board, Card
from calls.live.messages import Message
from calls.live.scope import EVERYTHING, Scope

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
IDS = [uuid.UUID(int=n) for n in range(6)]
LINES = [1, 2, 3, None]
SCOPES = [
    EVERYTHING,
    Scope(frozenset()),
    Scope(frozenset({1})),
    Scope(frozenset({1, 2})),
    Scope(frozenset({2, 3})),
]


def card(number: int, line_id: int | None, version: int, minutes: int | None = None) -> Card:
    """Return a card that tells its version; `minutes` after the start it is over."""
    call_id = IDS[number]
    text = orjson.dumps({"id": call_id, "line": line_id, "version": version})
    expires_at = None if minutes is None else START + timedelta(minutes=minutes)
    return Card(call_id, line_id, text, expires_at=expires_at)


class Mirror:
    """What a page holds."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.seq, self.cards = scope, 0, dict[str, Any]()

    def hear(self, message: Message | None) -> None:
        """Apply a message as a page does."""
        if message is None:
            return
        body = orjson.loads(message.event["text"])
        assert body["seq"] >= self.seq
        self.seq = body["seq"]
        if body["type"] == "snapshot":
            self.cards = {}
        self.cards |= {card["id"]: card for card in body["cards"]}
        for gone in body.get("gone", []):
            self.cards.pop(gone, None)


def fresh(board: Board, scope: Scope) -> dict[str, Any]:
    """Return the cards of a snapshot taken now."""
    mirror = Mirror(scope)
    mirror.hear(board.snapshot(scope))
    return mirror.cards


PLACES = st.tuples(st.integers(0, 5), st.sampled_from(LINES), st.sampled_from([None, None, 1, 5, 30]))
LISTENERS = st.integers(0, len(SCOPES) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("news"), st.lists(PLACES, max_size=3)),
        st.tuples(st.just("deleted"), st.integers(0, 5)),
        st.tuples(st.just("time"), st.integers(1, 20)),
        st.tuples(st.just("leave"), LISTENERS),
        st.tuples(st.just("come_back"), LISTENERS),
        st.tuples(st.just("move"), st.tuples(LISTENERS, st.sampled_from(SCOPES))),
    ),
    max_size=40,
)


@pytest.mark.control("I7")
@pytest.mark.control("S3")
@given(steps=STEPS, window=st.sampled_from([2, 10_000]))
def test_any_sequence_leaves_each_mirror_as_a_fresh_snapshot(steps: list[tuple[str, Any]], window: int) -> None:
    world = World(window)
    for kind, detail in steps:
        getattr(world, kind)(detail)
        for mirror in world.listening:
            assert mirror.cards == fresh(world.board, mirror.scope)
    for number in range(len(world.mirrors)):
        world.leave(number)
        world.come_back(number)
        assert world.mirrors[number].cards == fresh(world.board, world.mirrors[number].scope)


class World:
    """A board and those who listen to it."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.board, self.now, self.version = Board(), START, 0
        self.board.load(3, [card(0, 1, 0), card(1, 2, 0)])
        self.mirrors = [Mirror(scope) for scope in SCOPES]
        self.away: set[int] = set()
        for mirror in self.mirrors:
            mirror.hear(self.board.snapshot(mirror.scope))

    @property
    def listening(self) -> list[Mirror]:
        """Return those who are connected."""
        return [mirror for number, mirror in enumerate(self.mirrors) if number not in self.away]

    def news(self, cards: list[tuple[int, int | None, int | None]]) -> None:
        """Put cards on the board, each once, as the tail does; those that are over count as missing."""
        self.version += 1
        latest = {number: (line_id, minutes) for number, line_id, minutes in cards}
        made = [card(n, line_id, self.version, minutes) for n, (line_id, minutes) in latest.items()]
        shown = [c for c in made if c.expires_at is None or c.expires_at > self.now]
        self._apply(shown, [c.call_id for c in made if c not in shown])

    def deleted(self, number: int) -> None:
        """Take a card away that nothing is known of any more."""
        self._apply([], [IDS[number]])

    def time(self, minutes: int) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)
        self._tell(self.board.expire(self.now, 0.0))

    def leave(self, number: int) -> None:
        """Disconnect."""
        self.away.add(number)

    def come_back(self, number: int) -> None:
        """Come back with the last `seq`."""
        mirror = self.mirrors[number]
        if number in self.away:
            mirror.hear(self.board.since(mirror.scope, mirror.seq) or self.board.snapshot(mirror.scope))
        self.away.discard(number)

    def move(self, detail: tuple[int, Scope]) -> None:
        """Give somebody who is connected another scope."""
        number, scope = detail
        if number not in self.away:
            mirror = self.mirrors[number]
            mirror.hear(self.board.moved(mirror.scope, scope))
            mirror.scope = scope

    def _apply(self, cards: list[Card], missing: list[uuid.UUID]) -> None:
        boards.WINDOW_CHANGES = self.window  # type: ignore[misc]
        self._tell(self.board.apply(self.board.seq + 1, cards, missing, 0.0))

    def _tell(self, changes: list[boards.Change]) -> None:
        for mirror in self.listening:
            mirror.hear(self.board.changed(mirror.scope, changes))


@pytest.mark.control("S3")
def test_a_scope_is_never_told_of_a_card_it_never_saw() -> None:
    board, one = Board(), Scope(frozenset({1}))
    board.load(1, [])
    board.apply(2, [card(0, 2, 1)], [], 0.0)
    board.apply(3, [card(0, 3, 2)], [], 0.0)
    message = board.since(one, 1)
    assert message and orjson.loads(message.event["text"]) == {
        "type": "changed",
        "seq": 3,
        "cards": [],
        "gone": [],
    }
    assert board.changed(one, board.apply(4, [], [IDS[0]], 0.0)) is None


@pytest.mark.control("R17")
def test_many_who_return_at_once_share_one_message() -> None:
    board = Board()
    board.load(1, [card(0, 1, 0)])
    assert board.snapshot(EVERYTHING) is board.snapshot(Scope(None))
    board.apply(2, [card(0, 1, 1)], [], 0.0)
    assert board.since(EVERYTHING, 1) is board.since(EVERYTHING, 1)


def test_the_window_is_bounded_in_time() -> None:
    board = Board()
    board.load(1, [])
    board.apply(2, [card(0, 1, 1)], [], 0.0)
    board.apply(3, [card(1, 1, 1)], [], boards.WINDOW_SECONDS + 1)
    assert board.since(EVERYTHING, 1) is None
    assert board.since(EVERYTHING, 2) is not None
    assert board.since(EVERYTHING, 4) is None


def test_who_was_away_hears_that_a_card_s_time_was_over() -> None:
    board = Board()
    board.load(1, [card(0, 1, 0, minutes=5), card(1, 1, 0)])
    assert len(board.expire(START + timedelta(minutes=6), 0.0)) == 1
    for seq in (1, 2):  # another process may have let time take the card away one entry later
        message = board.since(Scope(frozenset({1})), seq)
        assert message and orjson.loads(message.event["text"])["gone"] == [str(IDS[0])]
        board.apply(2, [], [], 0.0)


def test_a_call_that_lives_again_is_not_taken_away_at_its_former_time() -> None:
    board = Board()
    board.load(1, [card(0, 1, 0, minutes=5)])
    board.apply(2, [card(0, 1, 1)], [], 0.0)
    assert board.expire(START + timedelta(minutes=6), 0.0) == []
    assert IDS[0] in board.cards


def test_claims_are_counted_by_their_owner() -> None:
    board = Board()
    board.load(1, [Card(IDS[0], 1, b"{}", claimed_by="rita"), Card(IDS[1], 1, b"{}", claimed_by="rita")])
    board.apply(2, [Card(IDS[0], 1, b"{}")], [], 0.0)
    assert "rita" in board.claims
    board.apply(3, [], [IDS[1]], 0.0)
    assert "rita" not in board.claims
