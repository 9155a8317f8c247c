"""The cards of one process and what changed about them: no socket, no database, no clock of its own."""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from calls.live import messages
from calls.live.messages import Message
from calls.live.scope import Scope

WINDOW_CHANGES: Final = 10_000
WINDOW_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is sent: encoded once for everybody."""

    call_id: UUID
    line_id: int | None
    text: bytes
    claimed_by: str = ""
    expires_at: datetime | None = None  # 60 minutes after the call's end


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one place on the board."""

    call_id: UUID
    before: Card | None
    after: Card | None

    def shows(self, scope: Scope) -> bool:
        """Tell whether the card is to be seen in `scope` now."""
        return self.after is not None and self.after.line_id in scope

    def withdraws(self, scope: Scope) -> bool:
        """Tell whether the card was to be seen in `scope` and is no longer."""
        return not self.shows(scope) and self.before is not None and self.before.line_id in scope


@dataclass(frozen=True, slots=True)
class Logged:
    """A change in the window for those who come back. `seq` is None for a card that time took away."""

    at: float
    after: int  # the board's `seq` when it was noted
    seq: int | None
    call_id: UUID
    line_id: int | None
    was_shown: bool


@dataclass(slots=True)
class Board:
    """All cards that somebody may see, as of `seq`, and the changes of the last minutes."""

    seq: int = 0
    floor: int = 0  # the window reaches back to here
    cards: dict[UUID, Card] = field(default_factory=dict)
    claims: Counter[str] = field(default_factory=Counter)
    log: deque[Logged] = field(default_factory=deque)
    _expiries: list[tuple[datetime, UUID]] = field(default_factory=list)
    _shared: dict[tuple[Scope, int | None], Message] = field(default_factory=dict)

    def load(self, seq: int, cards: Iterable[Card]) -> None:
        """Begin with `cards` as of `seq`: nothing before it can be made good by changes."""
        self.seq = self.floor = seq
        for card in cards:
            self._put(card.call_id, card)

    def apply(self, seq: int, cards: Iterable[Card], missing: Iterable[UUID], at: float) -> list[Change]:
        """Take news up to `seq` at the monotonic time `at`; return what changed."""
        self.seq = seq
        self._shared.clear()
        changes = [self._put(card.call_id, card) for card in cards]
        changes += [self._put(call_id, None) for call_id in missing]
        self._remember(changes, seq, at)
        return changes

    def expire(self, now: datetime, at: float) -> list[Change]:
        """Take away the cards whose time is over."""
        changes = []
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, call_id = heapq.heappop(self._expiries)
            card = self.cards.get(call_id)
            if card and card.expires_at == expires_at:
                changes.append(self._put(call_id, None))
        if changes:
            self._shared.clear()
            self._remember(changes, None, at)
        return changes

    def snapshot(self, scope: Scope) -> Message:
        """Return all cards of `scope`; whoever asks before the next change gets the same message."""
        key = (scope, None)
        if key not in self._shared:
            shown = [card.text for card in self.cards.values() if card.line_id in scope]
            self._shared[key] = messages.snapshot(self.seq, shown)
        return self._shared[key]

    def since(self, scope: Scope, seq: int) -> Message | None:
        """Return the net changes after `seq` as one message, None if the window does not reach back to it."""
        if not self.floor <= seq <= self.seq:
            return None
        key = (scope, seq)
        if key not in self._shared:
            self._shared[key] = self._net(scope, seq)
        return self._shared[key]

    def changed(self, scope: Scope, changes: Sequence[Change]) -> Message | None:
        """Return the message about `changes` for `scope`, None if they do not concern it."""
        shown = [change.after.text for change in changes if change.after and change.shows(scope)]
        gone = [change.call_id for change in changes if change.withdraws(scope)]
        return messages.changed(self.seq, shown, gone) if shown or gone else None

    def moved(self, before: Scope, after: Scope) -> Message | None:
        """Return the message for somebody whose scope became another."""
        shown = [c.text for c in self.cards.values() if c.line_id in after and c.line_id not in before]
        gone = [c.call_id for c in self.cards.values() if c.line_id in before and c.line_id not in after]
        return messages.changed(self.seq, shown, gone) if shown or gone else None

    def _put(self, call_id: UUID, after: Card | None) -> Change:
        before = self.cards.pop(call_id, None)
        if before and before.claimed_by:
            self._unclaim(before.claimed_by)
        if after:
            self.cards[call_id] = after
            if after.claimed_by:
                self.claims[after.claimed_by] += 1
            if after.expires_at and not (before and before.expires_at == after.expires_at):
                heapq.heappush(self._expiries, (after.expires_at, call_id))
        return Change(call_id, before, after)

    def _unclaim(self, username: str) -> None:
        self.claims[username] -= 1
        if not self.claims[username]:
            del self.claims[username]

    def _remember(self, changes: Iterable[Change], seq: int | None, at: float) -> None:
        for change in changes:
            line_id = change.before.line_id if change.before else None
            self.log.append(Logged(at, self.seq, seq, change.call_id, line_id, change.before is not None))
        while self.log and (len(self.log) > WINDOW_CHANGES or self.log[0].at < at - WINDOW_SECONDS):
            forgotten = self.log.popleft()
            # Whoever was away when time took a card away has a `seq` up to that of then, and has to begin anew.
            self.floor = max(self.floor, forgotten.seq or forgotten.after + 1)

    def _net(self, scope: Scope, seq: int) -> Message:
        """Collect what `scope` missed; a card that time took away counts whatever its place in the log.

        Another process may have let time take it away earlier or later, so its `seq` would say nothing.
        """
        missed = [entry for entry in self.log if entry.seq is None or entry.seq > seq]
        touched = dict.fromkeys(entry.call_id for entry in missed)
        seen = {entry.call_id for entry in missed if entry.was_shown and entry.line_id in scope}
        shown = {i: self.cards[i].text for i in touched if i in self.cards and self.cards[i].line_id in scope}
        gone = [call_id for call_id in touched if call_id in seen and call_id not in shown]
        return messages.changed(self.seq, list(shown.values()), gone)
