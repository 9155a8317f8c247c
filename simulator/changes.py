"""Change notifications on their way: the handshake before, and then each subscription's in its own order."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import urllib3

from simulator import schema
from simulator.engine.checks import bad_request
from simulator.engine.subscriptions import Subscription, Subscriptions

log = logging.getLogger(__name__)

Json = dict[str, Any]
THREADS = 8
HANDSHAKE = urllib3.Timeout(connect=3, read=10)
TIMEOUT = urllib3.Timeout(connect=3, read=30)
PAUSES = (0.2, 1.0, 5.0, 30.0)  # and then the last again and again
PATIENCE = 4 * 3600  # seconds; afterwards a notification is dropped (23.9)
LOG_LENGTH = 5_000
LANE_LENGTH = 10_000


@dataclass(frozen=True)
class Told:
    """Record one POST; status 0 means that no answer came."""

    at: str
    subscription: str
    what: str
    status: int


class Changes:
    """Send change notifications, and have addresses prove that they want any."""

    def __init__(self, table: Subscriptions, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self.table = table
        self.new_id = new_id
        self.now = now
        self.told: deque[Told] = deque(maxlen=LOG_LENGTH)
        self.pool = urllib3.PoolManager(num_pools=8, maxsize=THREADS, retries=False)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="changes")
        self._lanes: dict[str, deque[tuple[str, Json]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def prove(self, url: str) -> None:
        """Have an address repeat a token (REFERENCE 12).

        :raises GraphFault: if it does not, in time and as plain text.
        """
        token = f"Validation: Testing client application reachability {self.new_id()} <&>"
        joint = "&" if "?" in url else "?"
        loop = asyncio.get_running_loop()
        asked = url + joint + urlencode({"validationToken": token})
        status, kind, text = await loop.run_in_executor(self.threads, self._post, asked, b"", HANDSHAKE)
        if status != 200 or kind.partition(";")[0].strip().lower() != "text/plain" or text != token.encode():
            reason = "must respond with 200, text/plain and the token to this request"
            raise bad_request(f"Subscription validation request failed. Notification endpoint {reason}.")

    def offer(self, subscription: Subscription, url: str, body: Json) -> None:
        """Take a notification over; a body that the schema does not know is our mistake."""
        try:
            schema.require("changeNotificationCollection", body | {"value": fitting(body)})
        except schema.InvalidBody:
            log.exception("a change notification does not fit the schema")
        is_idle = subscription.id not in self._lanes
        lane = self._lanes.setdefault(subscription.id, deque(maxlen=LANE_LENGTH))
        lane.append((url, body))
        if is_idle:
            task = asyncio.get_running_loop().create_task(self._work(subscription, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, subscription: Subscription, lane: deque[tuple[str, Json]]) -> None:
        """Send what a lane holds, one after the other."""
        try:
            while lane:
                await self._deliver(subscription, *lane.popleft())
        except Exception:
            log.exception("a change was not told")
        finally:
            self._lanes.pop(subscription.id, None)

    async def _deliver(self, subscription: Subscription, url: str, body: Json) -> None:
        """Send until it is taken, for some hours at most, and not for a subscription that is over."""
        loop, begun, attempt = asyncio.get_running_loop(), self.now(), 0
        content = json.dumps(body).encode()
        what = body["value"][0].get("changeType") or body["value"][0].get("lifecycleEvent")
        while True:
            status, _, _ = await loop.run_in_executor(self.threads, self._post, url, content, TIMEOUT)
            self.told.append(Told(self.now().isoformat(), subscription.id, str(what), status))
            is_over = what != "subscriptionRemoved" and not self.table.is_live(subscription)
            if 200 <= status < 300 or is_over or (self.now() - begun).total_seconds() > PATIENCE:
                return
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            attempt += 1

    def _post(self, url: str, content: bytes, timeout: urllib3.Timeout) -> tuple[int, str, bytes]:
        """POST and return status, type and text of the answer; 0 if there was none."""
        kind = "application/json" if content else "text/plain; charset=utf-8"
        try:
            answer = self.pool.request(
                "POST", url, body=content, headers={"Content-Type": kind}, timeout=timeout, redirect=False
            )
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            log.warning("%s did not take a change: %s", url.partition("?")[0], type(error).__name__)
            return 0, "", b""
        return int(answer.status), answer.headers.get("Content-Type", ""), answer.data[:4096]

    def log_of(self) -> list[Json]:
        """List what was sent."""
        return [asdict(told) for told in self.told]

    def stop(self) -> None:
        """Drop what was not sent."""
        for task in self._tasks:
            task.cancel()
        self.threads.shutdown(wait=False, cancel_futures=True)


def fitting(body: Json) -> list[Json]:
    """Return the items as the schema has them: it knows no news of a life, and no odd type of what changed."""
    rows: list[Json] = [{"changeType": "updated", **item} for item in body["value"]]
    for row in rows:
        data = row.get("resourceData") or {}
        row["resourceData"] = {name: value for name, value in data.items() if name != "@odata.type"}
    return rows
