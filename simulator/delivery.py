"""Notifications on their way: in order per call, signed, over kept connections, after the HTTP answer."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http.client import HTTPException
from typing import Any

import urllib3

from simulator import schema
from simulator.engine import Notification
from simulator.faults import Faults
from simulator.signing import CallbackSigner

log = logging.getLogger(__name__)

THREADS = 32
TIMEOUT = urllib3.Timeout(connect=3, read=15)
BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0)  # together longer than the 15 s that a decision has
LOG_LENGTH = 20_000
ENUM_MEMBERS = ("changeType", "state", "direction", "audio", "status", "mediaType", "recordingStatus")


@dataclass
class Lane:
    """Hold what one call still has to tell."""

    queue: deque[Notification] = field(default_factory=deque)
    held: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class Sent:
    """Record one POST to a callback; status 0 means that no answer came."""

    at: str
    call: str
    change: str
    state: str
    message_id: str
    status: int
    attempt: int


class Delivery:
    """Send notifications, each call's in its own order."""

    def __init__(
        self,
        signer: CallbackSigner,
        faults: Faults,
        now: Callable[[], datetime],
        on_delivered: Callable[[str], None],
    ) -> None:
        self.signer = signer
        self.faults = faults
        self.now = now
        self.on_delivered = on_delivered
        self.lanes: dict[str, Lane] = {}
        self.sent: deque[Sent] = deque(maxlen=LOG_LENGTH)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="callback")
        self.pool = urllib3.PoolManager(num_pools=8, maxsize=THREADS, retries=False, timeout=TIMEOUT)

    def offer(self, notification: Notification) -> None:
        """Take a notification over from the engine; a body that the schema does not know is our mistake."""
        try:
            schema.require("commsNotifications", notification.body)
            if notification.legacy:
                schema.require("legacyIncomingCall", notification.legacy)
        except schema.InvalidBody:
            log.exception("a notification does not fit the schema")
        lane = self.lanes.setdefault(notification.call_id, Lane())
        lane.queue.append(notification)
        self.wake(notification.call_id, lane)

    def hold(self, call_id: str) -> None:
        """Keep a call's notifications back while a request about it is being answered."""
        lane = self.lanes.setdefault(call_id, Lane())
        lane.held += 1
        lane.free.clear()

    def release(self, call_id: str) -> None:
        """Let a call's notifications go, now that the answer is out."""
        lane = self.lanes[call_id]
        lane.held -= 1
        self.wake(call_id, lane)

    def wake(self, call_id: str, lane: Lane) -> None:
        """Start or continue to send, or forget a lane that is empty."""
        if not lane.held:
            lane.free.set()
        if lane.task is None and lane.queue:
            lane.task = asyncio.get_running_loop().create_task(self.work(call_id, lane))
        elif lane.task is None and not lane.held:
            self.lanes.pop(call_id, None)

    async def work(self, call_id: str, lane: Lane) -> None:
        """Send what a lane holds, one after the other."""
        try:
            while lane.queue:
                await lane.free.wait()
                notification = lane.queue.popleft()
                await self.await_time(notification)
                await self.deliver(notification)
        except Exception:
            log.exception("delivery failed")
        finally:
            lane.task = None
            self.wake(call_id, lane)

    async def await_time(self, notification: Notification) -> None:
        """Wait until a delayed notification may go."""
        wait = (notification.not_before - self.now()).total_seconds()
        if wait > 0:
            await asyncio.sleep(wait)

    async def deliver(self, notification: Notification) -> None:
        """Send one notification, in the older format first where a switch says so (REFERENCE 14.4)."""
        if notification.legacy and await self.post(notification, notification.legacy) != 204:
            return
        status = await self.post(notification, notification.body)
        if notification.offers and 200 <= status < 300:
            self.on_delivered(notification.call_id)

    async def post(self, notification: Notification, body: dict[str, Any]) -> int:
        """Send a body until it is taken or the retries are used up; return the last status."""
        content = json.dumps(pascal(body) if self.faults.settings.pascal_case_enums else body).encode()
        attempt, status = 0, await self.attempt(notification, content, 0)
        while (status == 0 or status >= 500) and attempt < self.faults.settings.callback_retries:
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
            attempt += 1
            status = await self.attempt(notification, content, attempt)
        return status

    async def attempt(self, notification: Notification, content: bytes, attempt: int) -> int:
        """POST once, in a thread, and write it down."""
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(self.threads, self.send, notification, content)
        item = notification.body["value"][0]
        data = item["resourceData"]
        state = "" if isinstance(data, list) else data.get("state", data.get("status", ""))
        sent = Sent(
            self.now().isoformat(),
            notification.call_id,
            item["changeType"],
            state,
            notification.message_id,
            status,
            attempt,
        )
        self.sent.append(sent)
        return status

    def send(self, notification: Notification, content: bytes) -> int:
        """POST and return the status, 0 if there was no answer."""
        try:
            answer = self.pool.request("POST", notification.uri, body=content, headers=self.headers(notification))
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            log.warning("%s did not take a notification: %s", notification.uri, type(error).__name__)
            return 0
        return int(answer.status)

    def headers(self, notification: Notification) -> dict[str, str]:
        """Return the headers of REFERENCE 14.1, as seen in logs."""
        return {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.signer.token(notification.tenant_id, notification.audience)}",
            "User-Agent": "Microsoft-Skype/3.0,(Calling/1.0)",
            "Scenario-Id": notification.scenario_id,
            "X-Microsoft-Skype-Chain-ID": notification.chain_id,
            "X-Microsoft-Skype-Message-ID": notification.message_id,
            "Client-Request-Id": notification.message_id,
            "MS-Teams-Region": "emea",
        }

    def log_of(self, call_id: str = "") -> list[dict[str, Any]]:
        """List what was sent, of one call or of all."""
        return [asdict(sent) for sent in self.sent if call_id in ("", sent.call)]

    def stop(self) -> None:
        """Drop what was not sent."""
        for lane in self.lanes.values():
            if lane.task:
                lane.task.cancel()
        self.threads.shutdown(wait=False, cancel_futures=True)


def pascal(body: Any) -> Any:
    """Spell enum values as the service has been seen to (REFERENCE 20, question 8)."""
    if isinstance(body, list):
        return [pascal(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        name: value[:1].upper() + value[1:] if name in ENUM_MEMBERS and isinstance(value, str) else pascal(value)
        for name, value in body.items()
    }
