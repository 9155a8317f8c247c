"""One process's live feed: brings what the tail reads, and the heartbeat, to the sockets of this process."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from calls.claims import renew
from calls.live import access, figures, messages
from calls.live.access import Admission, Standing
from calls.live.board import Board, Change
from calls.live.feed import Feed, Send
from calls.live.figures import REFUSED, UNRESPONSIVE
from calls.live.messages import Message
from calls.live.pace import Limits, Pace
from calls.live.pulse import Pulse
from calls.live.scope import Scope
from calls.live.tail import Tail, Turn
from commsportal.clock import now
from commsportal.worker import tidy

R = TypeVar("R")

FORGET_PERSON_SECONDS: Final = 600.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Person:
    """Somebody connected, or lately so. A `since` from before `since_seq` was told of another scope."""

    user_id: int
    scope: Scope
    since_seq: int
    feeds: dict[Feed, None] = field(default_factory=dict)
    left_at: float = 0.0


class Hub:
    """Lives in one event loop; only the tail and the errands run in threads."""

    def __init__(self, pace: Pace | None = None, limits: Limits | None = None) -> None:
        self.pace, self.limits = pace or Pace(), limits or Limits()
        self.clock: Callable[[], float] = time.monotonic
        self.board = Board()
        self.people: dict[int, Person] = {}
        self.feeds: dict[Feed, None] = {}
        self.audiences: dict[Scope, dict[Feed, None]] = {}
        self.loop = asyncio.get_running_loop()
        self.ready = asyncio.Event()
        self.is_stale = False  # the database is away: what consoles show may be old
        self.knocking = 0  # handshakes that are being looked at or wait for it
        self.renewals: set[int] = set()
        self._access_news = asyncio.Event()
        self._renewal_news = asyncio.Event()
        self._access_seq = 0
        # Handshakes come by the thousand, renewals may wait for a lock: neither may delay the other, or the tail.
        self._door = ThreadPoolExecutor(1, thread_name_prefix="live-door")
        self._errands = ThreadPoolExecutor(1, thread_name_prefix="live-errands")
        self._tail = Tail(lambda turn: self.loop.call_soon_threadsafe(self.take, turn))
        self._pulse = Pulse()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow the trail and to keep time."""
        figures.tell(self)
        self._tail.start()
        self._pulse.start()
        self._tasks = [
            self.loop.create_task(self._forever(work), name=f"live-{name}", context=Context())
            for name, work in (("beat", self._beat), ("renew", self._renew), ("review", self._review))
        ]

    def stop(self) -> None:
        """End all threads and tasks; the sockets are the server's to close."""
        self._tail.stop()
        self._pulse.stopping.set()
        for task in self._tasks:
            task.cancel()
        for pool in (self._door, self._errands):
            pool.shutdown(wait=False, cancel_futures=True)

    # --- the sockets --------------------------------------------------------------------------------------

    async def admit(self, handshake: dict[str, Any]) -> Admission | None:
        """Return whom a handshake lets in, None when it is to be refused.

        :raises DatabaseError: when that cannot be known at present.
        """
        self.knocking += 1
        try:
            return await self.loop.run_in_executor(self._door, _in_thread, access.admit, handshake, self.board.seq)
        finally:
            self.knocking -= 1

    @property
    def is_crowded(self) -> bool:
        """Tell whether as many handshakes wait as there may be sockets."""
        return self.knocking >= self.limits.per_process

    def has_room_for(self, user_id: int) -> bool:
        """Tell whether this person and this process may hold one more socket."""
        person = self.people.get(user_id)
        held = len(person.feeds) if person else 0
        return held < self.limits.per_person and len(self.feeds) < self.limits.per_process

    def join(self, send: Send, admission: Admission, since: int | None) -> Feed:
        """Put an accepted socket on the feed; what it missed, or everything, is on its way when this returns."""
        person = self.people.get(admission.user_id)
        if person is None:
            # What another process told this console before is not comparable: only a snapshot will do.
            person, since = Person(admission.user_id, admission.scope, self.board.seq), None
            self.people[person.user_id] = person
        elif person.scope != admission.scope:
            self._move(person, admission.scope)
        if admission.as_of < self._access_seq:
            self._access_news.set()  # somebody's rights changed while this handshake was looked at
        feed = Feed(send, admission)
        person.feeds[feed] = self.feeds[feed] = None
        self.audiences.setdefault(person.scope, {})[feed] = None
        feed.start(self._first(person, since), self.clock())
        if self.is_stale:
            feed.ask(messages.heartbeat(self.board.seq, now(), self.is_stale), self.clock())
        return feed

    def leave(self, feed: Feed) -> None:
        """Take a socket off the feed; a second time does nothing."""
        if feed not in self.feeds:
            return
        del self.feeds[feed]
        person = self.people[feed.user_id]
        del person.feeds[feed]
        person.left_at = self.clock()
        self._quit_audience(person.scope, feed)
        feed.drop()

    def seen(self, feed: Feed) -> None:
        """Take the answer to a heartbeat: the socket is alive and its person's claims go on."""
        feed.seen(self.clock())
        if feed.username in self.board.claims:
            self.renewals.add(feed.user_id)
            self._renewal_news.set()

    def end(self, feed: Feed, code: int) -> None:
        """Take a socket off the feed and close it."""
        figures.count_end(code)
        self.leave(feed)
        feed.end(code)

    def _first(self, person: Person, since: int | None) -> Message:
        missed = None
        if since is not None and since >= person.since_seq:
            missed = self.board.since(person.scope, since)
        return missed or self.board.snapshot(person.scope)

    def _move(self, person: Person, scope: Scope) -> None:
        message = self.board.moved(person.scope, scope)
        for feed in person.feeds:
            self._quit_audience(person.scope, feed)
            self.audiences.setdefault(scope, {})[feed] = None
        person.scope, person.since_seq = scope, self.board.seq + 1
        if message:
            self._offer(list(person.feeds), message)

    def _quit_audience(self, scope: Scope, feed: Feed) -> None:
        audience = self.audiences[scope]
        del audience[feed]
        if not audience:
            del self.audiences[scope]

    def _offer(self, feeds: Iterable[Feed], message: Message) -> None:
        for feed in feeds:
            if not feed.offer(message):
                self.end(feed, UNRESPONSIVE)

    # --- the news -----------------------------------------------------------------------------------------

    def take(self, turn: Turn) -> None:
        """Bring a turn to the sockets, then let the tail read on."""
        try:
            if turn.first:
                self.board.load(turn.seq, turn.cards)
                self.ready.set()
            else:
                changes = self.board.apply(turn.seq, turn.cards, turn.missing, self.clock())
                self._fan_out(changes)
            if turn.about_access:
                self._access_seq = turn.seq
                self._access_news.set()
        finally:
            self.loop.call_soon(self._tail.taken.set)  # behind the sends that this turn started

    def _fan_out(self, changes: Sequence[Change]) -> None:
        for scope, audience in list(self.audiences.items()):
            message = self.board.changed(scope, changes)
            if message:
                self._offer(list(audience), message)

    # --- the clock ----------------------------------------------------------------------------------------

    async def _forever(self, work: Callable[[], Any]) -> None:
        while True:
            try:
                await work()
            except Exception:
                logger.exception("the live feed stumbled")
                await asyncio.sleep(self.pace.tick)

    async def _beat(self) -> None:
        await asyncio.sleep(self.pace.tick)
        self.beat()

    def beat(self) -> None:
        """Ask those whose turn it is, let go of those who do not answer, take away what is over.

        All are asked at once when the database goes or comes, so that they hear of it.
        """
        at, instant = self.clock(), now()
        self._fan_out(self.board.expire(instant, at))
        was_stale, self.is_stale = self.is_stale, self._pulse.missed() * self.pace.tick > self.pace.patience
        heartbeat = messages.heartbeat(self.board.seq, instant, self.is_stale)
        for feed in list(self.feeds):
            is_news = self.is_stale is not was_stale
            due = is_news or feed.must_be_asked or at - feed.beat_at >= self._pace_of(feed)
            silent = at - feed.seen_at > self.pace.silence
            if silent or (due and not feed.ask(heartbeat, at)):
                self.end(feed, UNRESPONSIVE)
        self._forget(at)

    def _pace_of(self, feed: Feed) -> float:
        holds_claim = feed.username in self.board.claims
        return self.pace.heartbeat_with_claim if holds_claim else self.pace.heartbeat

    def _forget(self, at: float) -> None:
        gone = [p for p in self.people.values() if not p.feeds and at - p.left_at > FORGET_PERSON_SECONDS]
        for person in gone:
            del self.people[person.user_id]

    async def _renew(self) -> None:
        """Renew the claims of all who answered since the last time, in one go."""
        await self._renewal_news.wait()
        self._renewal_news.clear()
        user_ids, self.renewals = self.renewals, set()
        await self.loop.run_in_executor(self._errands, _in_thread, renew, user_ids)
        await asyncio.sleep(self.pace.renewal)

    # --- rights -------------------------------------------------------------------------------------------

    async def _review(self) -> None:
        """Wait for the next round or for news about somebody's rights, then look at everybody's."""
        try:
            async with asyncio.timeout(self.pace.review):
                await self._access_news.wait()
        except TimeoutError:
            pass
        await self.review()

    async def review(self) -> None:
        """Read the rights of all who are connected and close the sockets of those who lost theirs."""
        self._access_news.clear()
        if not self.feeds:
            return
        feeds = list(self.feeds)
        credentials = {feed.credential for feed in feeds}
        people = {feed.user_id for feed in feeds}
        found = await self.loop.run_in_executor(self._errands, _in_thread, access.standing, people, credentials)
        self._judge(feeds, found)

    def _judge(self, feeds: Sequence[Feed], found: Standing) -> None:
        for feed in feeds:
            if feed.user_id not in found.scopes or feed.credential not in found.valid:
                self.end(feed, REFUSED)
        for user_id, scope in found.scopes.items():
            person = self.people.get(user_id)
            if person and person.scope != scope:
                self._move(person, scope)


def _in_thread(work: Callable[..., R], *arguments: Any) -> R:
    """Run database work; neither a connection that failed nor one that was idle for long is used unchecked."""
    try:
        found = work(*arguments)
    except Exception:
        tidy(failed=True)
        raise
    tidy()
    return found


make: Callable[[], Hub] = Hub  # tests put a hub with another pace here
_current: Hub | None = None


def current() -> Hub:
    """Return the hub of the running event loop; the first who asks makes and starts it."""
    global _current
    if _current is None or _current.loop is not asyncio.get_running_loop():
        _current = make()
        _current.start()
    return _current
