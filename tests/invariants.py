"""What holds of the portal and its simulator together at the end of a run, once things are quiet.

`assert_holds(sides)` is the one hook: it adds what only a look at the other side can tell (I2, I4, I10), queues
in memory (I14), the logs (I15) and the secrets of the run (I13) to what `manage.py doctor` finds in the portal's
own rows.
"""

import re
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests import logged
from tests.watching import Watcher

Row = dict[str, Any]
LEAVES = {
    "answer": "establishing",
    "create": "establishing",
    "join": "establishing",
    "redirect": "redirecting",
    "reject": "terminated",
    "transfer": "transferring",
    "hang-up": "terminating",
}  # what each request leaves in the history of its call
DECISIONS = [LEAVES[kind] for kind in ("answer", "redirect", "reject")]
SIMULATOR_LOG = 20_000  # POSTs that the simulator remembers
QUEUE = re.compile(r'^portal_queue_length\{queue="([^"]+)"\} (\S+)$', re.MULTILINE)
PATIENCE = 60.0  # seconds for things to become quiet; a limit against hanging
ALWAYS = datetime.min.replace(tzinfo=UTC)
JOINED = "calls_operation o join calls_call c on c.id = o.call_id"
IN_HISTORY = f"o.kind in ({', '.join(repr(kind) for kind in LEAVES)})"
IN_CONTEXT = "o.kind in ('invite', 'mute', 'hold', 'resume')"  # what Graph makes an operation of its own of


class Sides(ABC):
    """A portal and the simulator that it is connected to, from outside."""

    since: datetime = ALWAYS  # what began earlier belongs to another run
    remembers: bool = True  # the simulator knows all that the portal has of it: it was not started anew

    @abstractmethod
    def told(self, path: str) -> Any:
        """Return the parsed answer of a GET at the simulator's plain port; the path begins with `/api/`."""

    @abstractmethod
    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the portal's database."""

    @abstractmethod
    def doctor(self) -> list[str]:
        """Return what does not hold in the portal's own rows, each with the id of its invariant."""

    @abstractmethod
    def log(self) -> Iterator[tuple[str, str]]:
        """Yield (level, line) of what the portal has logged."""

    @abstractmethod
    def secrets(self) -> dict[str, str]:
        """Return the secrets of this run by what each is; none may be in a log or among the figures."""

    @abstractmethod
    def figures(self) -> str:
        """Return what `/metrics` tells."""

    def is_of_now(self, at: str) -> bool:
        """Tell whether an instant of the simulator's belongs to this run."""
        return datetime.fromisoformat(at) >= self.since

    def notified(self) -> list[Row]:
        """Return every attempt of the simulator to notify in this run, with its outcome."""
        return [entry for entry in self.told("/api/deliveries")["results"] if self.is_of_now(entry["at"])]

    def theirs(self) -> dict[str, Row]:
        """Return the simulator's calls of this run by id."""
        found = self.told("/api/calls?limit=10000")["results"]
        return {call["id"]: call for call in found if self.is_of_now(call["history"][0]["at"])}

    def ours(self) -> dict[str, str]:
        """Return the portal's calls by the simulator's id, with their states."""
        return dict(self.rows("select graph_id, state from calls_call where graph_id <> ''"))

    def statuses(self) -> Counter[int]:
        """Return how often each answer was given to a notification; 0 is none."""
        return Counter(entry["status"] for entry in self.notified())

    def rung(self) -> set[str]:
        """Return the calls that the simulator has tried to announce."""
        return {entry["call"] for entry in self.notified() if entry["change"] == "created"}

    def has_open_work(self) -> bool:
        """Tell whether something still rings or waits to be done."""
        return any(
            self.rows(f"select 1 from {rows} limit 1")
            for rows in (
                "calls_call where state <> 'terminated' and established_at is null",
                "webhooks_delivery where status = 'pending'",
                "calls_operation where status = 'pending'",
            )
        )

    def is_settled(self) -> bool:
        """Tell whether no work is left and both sides agree."""
        return not self.has_open_work() and not self.differences()

    def acknowledged(self) -> Counter[str]:
        """Return how often each message was answered 202."""
        return Counter(entry["message_id"] for entry in self.notified() if entry["status"] == 202)

    def lost(self) -> set[str]:
        """Return the messages that were answered 202 and are not stored."""
        stored = {key for (key,) in self.rows("select message_key from webhooks_delivery")}
        return self.acknowledged().keys() - stored

    def dead(self) -> list[tuple[Any, ...]]:
        """Return deliveries that could not be applied."""
        return self.rows("select id, error from webhooks_delivery where status = 'dead'")

    def unknown(self) -> dict[str, list[tuple[str, int]]]:
        """Return the calls of which the portal never heard, with the attempts to announce them."""
        known = self.ours().keys()
        missed: dict[str, list[tuple[str, int]]] = {call: [] for call in self.theirs() if call not in known}
        for entry in self.notified():
            if entry["call"] in missed and entry["change"] == "created":
                missed[entry["call"]].append((entry["at"][17:23], entry["status"]))
        return missed

    def differences(self) -> dict[str, tuple[str, str]]:
        """Return the calls known to both whose states differ, with both states."""
        theirs = self.theirs()
        pairs = {call: (state, theirs[call]["state"]) for call, state in self.ours().items() if call in theirs}
        return {call: states for call, states in pairs.items() if states[0] != states[1]}

    def effects(self) -> dict[str, Counter[str]]:
        """Return what the application's requests did to each call, from its history."""
        return {
            key: Counter(entry["state"] for entry in call["history"] if entry["by"] == "application")
            for key, call in self.theirs().items()
        }

    def asked(self) -> dict[str, Counter[str]]:
        """Return how often each request was asked for of each call, by what it leaves in the history."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for call, kind in self.rows(f"select c.graph_id, o.kind from {JOINED} where {IN_HISTORY}"):
            found[call][LEAVES[kind]] += 1
        return found

    def doubled(self) -> dict[str, tuple[Counter[str], Counter[str]]]:
        """Return the calls to which more was done than was asked for, or more than one decision: done, asked.

        A transfer that failed may be asked for once more, as another operation.
        """
        asked, ours = self.asked(), self.ours()
        return {
            call: (done, asked[call])
            for call, done in self.effects().items()
            if (call in ours and done - asked[call]) or sum(done[state] for state in DECISIONS) > 1
        }

    def unfounded(self) -> list[tuple[str, str]]:
        """Return operations that are said to be done and left nothing in their call's history.

        A hang-up that Graph did not accept is done by the call's having ended.
        """
        effects = self.effects()
        done = f"where o.status = 'done' and {IN_HISTORY} and (o.kind <> 'hang-up' or o.accepted_at is not null)"
        rows = self.rows(f"select c.graph_id, o.kind from {JOINED} {done}")
        return [(call, kind) for call, kind in rows if call in effects and not effects[call][LEAVES[kind]]]

    def known_by_context(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield what may have left and carries our client context: kind, id, status, how often it arrived."""
        rows = self.rows(
            f"select c.graph_id, o.kind, o.id, o.status from {JOINED} where {IN_CONTEXT} and o.sends > 0"
        )
        theirs = self.theirs()
        for call, kind, operation, status in rows:
            if call in theirs:
                told = self.told(f"/api/calls/{call}/operations")
                contexts = [str(one["context"] or "").replace("-", "") for one in told]
                yield kind, str(operation), status, contexts.count(str(operation).replace("-", ""))


def disagreements(sides: Sides, watchers: Sequence[Watcher] = ()) -> list[str]:
    """Return what does not hold of rows and consoles on both sides, each with the id of its invariant."""
    return [
        *sides.doctor(),
        *_every_202_has_its_row(sides),
        *_one_effect_for_each_request(sides),
        *_live_calls_are_the_same(sides),
        *_nothing_waits_in_memory(sides),
        *_consoles_show_what_is(sides, watchers),
    ]


def assert_holds(
    sides: Sides,
    *,
    watchers: Sequence[Watcher] = (),
    expected_log: Sequence[str] = (),
    seconds: float = PATIENCE,
) -> None:
    """Wait until the run is quiet, and show that every invariant holds.

    :param watchers: consoles that were open during the run and still are.
    :param expected_log: patterns of lines that this run is meant to log at level ERROR or above.
    :param seconds: how long it may take to become quiet; a limit against hanging, not a measurement.
    :raises AssertionError: with what does not hold.
    """
    found = _once_quiet(lambda: disagreements(sides, watchers), seconds)
    found += _secrets_that_are_told(sides)
    found += logged.unexpected(sides.log(), expected_log)
    assert not found, "\n".join(found)


def _once_quiet(look: Callable[[], list[str]], seconds: float) -> list[str]:
    until = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def _every_202_has_its_row(sides: Sides) -> Iterator[str]:
    """I2: every message that was answered 202 has one row per item, none has two, and no row has no message."""
    stored = sides.rows(
        'select message_key, "index", count(*), sum(duplicates) from webhooks_delivery '
        "where message_key not like 'change:%' "  # these the simulator does not number
        'group by message_key, "index"'
    )
    for message in sorted(sides.lost()):
        yield f"I2: message {message} was answered 202 and is not stored"
    attempts = Counter(entry["message_id"] for entry in sides.told("/api/deliveries")["results"])
    is_whole = sides.remembers and attempts.total() < SIMULATOR_LOG
    for message, index, count, duplicates in stored:
        if count != 1 or index != 0:  # the simulator sends one item in each message
            yield f"I2: message {message} has {count} rows at index {index}"
        if is_whole and attempts[message] == 0:
            yield f"I2: message {message} is stored and was never sent"
        elif is_whole and duplicates >= attempts[message]:
            yield f"I2: message {message} was sent {attempts[message]} times and repeated {duplicates} times"


def _one_effect_for_each_request(sides: Sides) -> Iterator[str]:
    """I4: nothing was done more often than it was asked for, and what is said to be done was."""
    for call, (done, asked) in sides.doubled().items():
        yield f"I4: at call {call} was done {dict(done)}, and asked for {dict(asked)}"
    for call, kind in sides.unfounded():
        yield f"I4: {kind} of call {call} is said to be done and left no trace there"
    for kind, operation, status, arrived in sides.known_by_context():
        if (arrived > 1 and kind != "mute") or (status == "done" and not arrived):  # who is muted stays so
            yield f"I4: {kind} {operation} is {status} and arrived {arrived} times"
    placed = sum(call["direction"] == "outgoing" for call in sides.theirs().values())
    sent = sides.rows("select count(*) from calls_operation where kind in ('create', 'join') and sends > 0")[0][0]
    if placed > sent:
        yield f"I4: {placed} calls were placed and {sent} asked for"


def _live_calls_are_the_same(sides: Sides) -> Iterator[str]:
    """I10: a call is live on both sides or on none, unless the portal was never told and has a check due."""
    ours, theirs = sides.ours(), sides.theirs()
    taken = [entry for entry in sides.notified() if entry["status"] == 202]
    heard_of = {entry["call"] for entry in taken}
    heard_end = {entry["call"] for entry in taken if entry["change"] == "deleted"}
    has_timer = "where id in (select call_id from calls_timer)"
    watched = {call for (call,) in sides.rows(f"select graph_id from calls_call {has_timer}")}
    for key, call in theirs.items():
        here = ours.get(key)
        if here is None:
            if key in heard_of:
                yield f"I10: call {key} was told and is not here"
        elif here == "terminated" and call["state"] != "terminated":
            yield f"I10: call {key} is over here and {call['state']} there"
        elif here != "terminated" and call["state"] == "terminated" and (key in heard_end or key not in watched):
            yield f"I10: call {key} is {here} here and over there"


def _nothing_waits_in_memory(sides: Sides) -> Iterator[str]:
    """I14: what processes keep until somebody takes it has come back to nothing, but for the question itself."""
    asked = {"requests": 1}
    for name, length in QUEUE.findall(sides.figures()):
        if float(length) > asked.get(name, 0):
            yield f"I14: of {name}, {float(length):.0f} are still in memory"


def _consoles_show_what_is(sides: Sides, watchers: Sequence[Watcher]) -> Iterator[str]:
    """I7 and I8: a page that stayed shows what one opened now would, and no ended call among the live ones."""
    if not watchers:
        return
    ended = {UUID(str(key)) for (key,) in sides.rows("select id from calls_call where state = 'terminated'")}
    for watcher in watchers:
        yield from (f"I7: {found}" for found in watcher.disagreements())
        for key, card in watcher.cards().items():
            if UUID(key) in ended and card["lane"] in ("ringing", "live"):
                yield f"I8: call {key} is over and stands in the lane {card['lane']}"


def _secrets_that_are_told(sides: Sides) -> Iterator[str]:
    """I13: no secret of the run is in a log or among the figures."""
    secrets, figures = sides.secrets(), sides.figures()
    yield from logged.told(sides.log(), secrets)
    yield from (
        f"I13: {name} is among the figures" for name, value in secrets.items() if value and value in figures
    )
