"""A console that hears all messages of the hub, judged by the store that runs in browsers."""

import json
import shutil
import subprocess
from typing import Any

from calls.live.board import Board
from calls.live.messages import Message
from calls.live.scope import EVERYTHING
from calls.live.tail import first_turn, next_turn
from commsportal.clock import now
from commsportal.environment import BASE_DIR

REPLAY = BASE_DIR / "tests" / "js" / "replay.mjs"
NODE = shutil.which("node")


class Browser:
    """What one process sends to a console: a snapshot, changes, and after an absence what it has missed."""

    def __init__(self) -> None:
        self.board, self.messages = _board(), list[dict[str, Any]]()
        self.seen = [self.board.seq]
        self._hear(self.board.snapshot(EVERYTHING))

    def follow(self) -> None:
        """Hear what has changed."""
        while turn := next_turn(self.board.seq):
            changes = self.board.apply(turn.seq, turn.cards, turn.missing, 0.0)
            self._hear(self.board.changed(EVERYTHING, changes))
        self._hear(self.board.changed(EVERYTHING, self.board.expire(now(), 0.0)))
        self.seen.append(self.board.seq)

    def come_back(self, number: int) -> None:
        """Come back with a `seq` of earlier, as after an absence, and hear some things once more."""
        seq = self.seen[number % len(self.seen)]
        self._hear(self.board.since(EVERYTHING, seq) or self.board.snapshot(EVERYTHING))

    def difference(self) -> str:
        """Return how what was heard differs from a fresh snapshot; empty: not at all, or there is no Node here."""
        self.follow()
        fresh = _board()
        fresh.seq = self.board.seq
        told = {"messages": self.messages, "snapshot": _body(fresh.snapshot(EVERYTHING))}
        if NODE is None:
            return ""
        done = subprocess.run([NODE, REPLAY], input=json.dumps(told), capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    def _hear(self, message: Message | None) -> None:
        if message is not None:
            self.messages.append(_body(message))


def _board() -> Board:
    board, turn = Board(), first_turn()
    board.load(turn.seq, turn.cards)
    return board


def _body(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.event["text"])
    return found
