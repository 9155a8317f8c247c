"""One socket: what is on its way to it, bounded, and what it has acknowledged."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from calls.live.access import Admission
from calls.live.messages import Message
from commsportal.eager import Begun

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

QUEUE_MESSAGES: Final = 256
QUEUE_BYTES: Final = 1 << 20
UNSEEN_BYTES: Final = 4 << 20  # daphne's send never waits: what the browser has not acknowledged is what counts
ASK_BYTES: Final = UNSEEN_BYTES // 8

logger = logging.getLogger(__name__)


class Feed:
    """Passes messages to one socket in their order and never makes anybody wait.

    `offer` tells whether the socket still keeps up. A first message (the snapshot) may be of any size.
    """

    __slots__ = (
        "_marks",
        "_pump",
        "_queue",
        "_queued",
        "_send",
        "_unseen",
        "asked",
        "beat_at",
        "close_code",
        "credential",
        "seen_at",
        "task",
        "user_id",
        "username",
    )

    def __init__(self, send: Send, admission: Admission) -> None:
        self.user_id = admission.user_id
        self.username = admission.username
        self.credential = admission.credential
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self.close_code: int | None = None
        self.seen_at = self.beat_at = 0.0
        self._send = send
        self._pump: asyncio.Task[None] | None = None
        self._queue: deque[Message] = deque()
        self._queued = 0
        self._unseen = 0
        self._marks: deque[int] = deque(maxlen=16)

    def start(self, first: Message, at: float) -> None:
        """Begin with `first` at the monotonic time `at`."""
        self.seen_at = self.beat_at = at
        self._unseen = -first.size
        self.offer(first)

    def offer(self, message: Message) -> bool:
        """Take a message for the socket; tell whether it keeps up."""
        self._unseen += message.size
        if self._pump is None and not self._queue:
            return self._pass_on(message)
        self._queue.append(message)
        self._queued += message.size
        return self._keeps_up

    def ask(self, heartbeat: Message, at: float) -> bool:
        """Ask for an acknowledgement of everything up to now; tell whether the socket keeps up."""
        self.beat_at = at
        keeps_up = self.offer(heartbeat)
        self._marks.append(self._unseen)
        return keeps_up

    @property
    def waiting(self) -> int:
        """Return how many messages wait here because the socket takes none."""
        return len(self._queue)

    @property
    def must_be_asked(self) -> bool:
        """Tell whether much is on its way and no question with it."""
        return self._unseen > ASK_BYTES and not self._marks

    def seen(self, at: float) -> None:
        """Take an acknowledgement: it covers what went out before the oldest open question."""
        self.seen_at = at
        if self._marks:
            seen = self._marks.popleft()
            self._unseen -= seen
            for index, mark in enumerate(self._marks):
                self._marks[index] = mark - seen

    def end(self, code: int) -> None:
        """Drop what waits and have the socket's task close it with `code`."""
        if self.close_code is None:
            self.close_code = code
            self.drop()
            if self.task is not None:
                self.task.cancel()

    def drop(self) -> None:
        """Forget everything that is on its way."""
        self._queue.clear()
        self._queued = 0
        if self._pump is not None:
            self._pump.cancel()

    def _pass_on(self, message: Message) -> bool:
        """Send as far as the server takes it at once; what has to wait goes on in a task of its own.

        A task for each message, or one that is woken for each, is what costs most at a thousand sockets.
        """
        try:
            sending = Begun(self._send(message.event))
        except Exception as error:  # the socket is closing; that it is closed comes by `receive`
            logger.debug("not sent: %r", error)
            return True
        if not sending.is_done:
            self._pump = asyncio.get_running_loop().create_task(self._drain(sending))
        return self._keeps_up

    async def _drain(self, begun: Begun[None]) -> None:
        try:
            await begun.rest()
            while self._queue:
                message = self._queue.popleft()
                self._queued -= message.size
                await self._send(message.event)
        except Exception as error:
            logger.debug("not sent: %r", error)
            self._queue.clear()
            self._queued = 0
        finally:
            self._pump = None

    @property
    def _keeps_up(self) -> bool:
        few = len(self._queue) <= QUEUE_MESSAGES and self._queued <= QUEUE_BYTES
        return few and self._unseen <= UNSEEN_BYTES
