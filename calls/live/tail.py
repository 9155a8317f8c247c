"""Follow the audit trail in a thread of its own: read what is new, encode the cards concerned, hand them over."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from audit.models import Entry
from calls.cards import CardRow, cards, live_and_recent
from calls.live.board import Card
from commsportal.clock import now
from commsportal.wakeups import Listener

KEEP: Final = timedelta(minutes=60)
LOOK_SECONDS: Final = 1.0  # wake-ups may be lost
TURN_SECONDS: Final = 1.0  # the longest wait for the sockets to take a turn before reading on
BATCH: Final = 1000
ABOUT_ACCESS: Final = ("user.", "line.", "token.revoked", "session.", "sign_out")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a look at the trail brought."""

    seq: int
    cards: list[Card]
    missing: list[UUID]
    about_access: bool = False
    first: bool = False


class Tail(threading.Thread):
    """Hands a `Turn` to `deliver` for all that is new, then waits for `taken` before it reads on.

    So a process whose sockets cannot keep up gets fewer and larger turns instead of a longer queue.
    """

    def __init__(self, deliver: Callable[[Turn], object]) -> None:
        super().__init__(name="live-tail", daemon=True)
        self.deliver = deliver
        self.seq: int | None = None
        self.woken = threading.Event()
        self.taken = threading.Event()
        self.stopping = threading.Event()
        self.listener = Listener(self.woken.set)

    def run(self) -> None:
        """Follow until `stop`, whatever the database does meanwhile."""
        self.listener.start()
        away = False
        while not self.stopping.is_set():
            self.woken.clear()
            try:
                self.look()
                away = False
            except Exception as error:  # a tail that dies leaves every console silent
                if not away:
                    logger.exception("the live feed cannot read: %s", error)
                away = True
                connection.close()
            self.woken.wait(LOOK_SECONDS)
        connection.close()

    def stop(self) -> None:
        """End the thread; do not wait for it."""
        self.stopping.set()
        self.taken.set()
        self.woken.set()
        self.listener.stop()

    def look(self) -> None:
        """Hand over everything that is new, in turns."""
        if self.seq is None:
            self._hand_over(first_turn())
        while not self.stopping.is_set():
            turn = next_turn(self.seq or 0)
            if turn is None:
                return
            self._hand_over(turn)

    def _hand_over(self, turn: Turn) -> None:
        self.taken.clear()
        self.deliver(turn)
        self.seq = turn.seq
        self.taken.wait(TURN_SECONDS)


def first_turn() -> Turn:
    """Return all cards that anybody may see; what commits meanwhile comes again with the next turn."""
    seq = Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    found, _ = encoded(live_and_recent().values_list("pk", flat=True))
    return Turn(seq, found, [], first=True)


def next_turn(seq: int) -> Turn | None:
    """Return what the trail tells after `seq`, each card once, as it is now; None if there is nothing."""
    fresh = Entry.objects.filter(seq__gt=seq).order_by("seq").values_list("seq", "kind", "call_id")
    entries = list(fresh[:BATCH])
    if not entries:
        return None
    found, missing = encoded(dict.fromkeys(call_id for _, _, call_id in entries if call_id))
    return Turn(entries[-1][0], found, missing, any(kind.startswith(ABOUT_ACCESS) for _, kind, _ in entries))


def encoded(call_ids: Iterable[UUID]) -> tuple[list[Card], list[UUID]]:
    """Return the cards of `call_ids`, and the ids that have no card (any more)."""
    wanted = list(call_ids)
    rows, at = cards(wanted) if wanted else {}, now()
    found = {call_id: encode(row) for call_id, row in rows.items()}
    shown = [card for card in found.values() if card.expires_at is None or card.expires_at > at]
    kept = {card.call_id for card in shown}
    return shown, [call_id for call_id in wanted if call_id not in kept]


def encode(row: CardRow) -> Card:
    """Return the card as bytes, with what the board has to know about it."""
    claim = row.card["claim"]
    return Card(
        call_id=row.call_id,
        line_id=row.scope[1],
        text=orjson.dumps(row.card, default=str),
        claimed_by=claim["owner"] if claim else "",
        expires_at=_expiry(row.card["ended_at"]),
    )


def _expiry(ended_at: Any) -> datetime | None:
    if not ended_at:
        return None
    ended = ended_at if isinstance(ended_at, datetime) else datetime.fromisoformat(ended_at)
    return ended + KEEP
