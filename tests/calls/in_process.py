"""Microsoft's side in this process: the simulator's own engine and addresses behind the portal's own client.

There is no network and no clock but the test's: requests are answered at once, notifications wait until the test
brings them, and time passes when it says so.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.test import RequestFactory

from graph import errors
from graph.client import GraphClient
from graph.transport import Answer
from simulator import graph as addresses
from simulator.engine import Application, Call, Engine, GraphFault, Notification
from simulator.engine.conference import Conference
from simulator.exchanges import Exchange
from simulator.faults import Faults
from simulator.people import load_directory
from simulator.quotas import Quotas
from tests.calls.service import Tokens
from tests.simulator.conftest import numbered_ids
from webhooks import bodies
from webhooks.models import Delivery

WEBHOOK = "https://desk.test/webhooks/graph/calls"


class Clock:
    """The one clock of both sides."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class OtherSide:
    """The engine, what it was asked, and what it still has to tell: `lanes` by call id, in order."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.faults = clock, Faults()
        self.lanes: dict[str, deque[Notification]] = {}
        self.lose = 0  # so many answers to come are lost, with the work done
        self.engine = Engine(
            load_directory(), self.faults, now=clock, deliver=self._offer, new_id=numbered_ids(), webhook=WEBHOOK
        )
        self.tenant = self.engine.directory.tenants[0]
        self.app = Application(self.tenant, self.tenant.client_id, frozenset(self.tenant.roles))
        self.world: Any = SimpleNamespace(
            engine=self.engine,
            faults=self.faults,
            directory=self.engine.directory,
            quotas=Quotas(),
            presence_quotas=Quotas(),
            requests=deque(),
            delivery=SimpleNamespace(hold=lambda call_id: None),
            config=SimpleNamespace(http_callbacks=False, tls_url="https://graph.test"),
        )

    def _offer(self, notification: Notification) -> None:
        self.lanes.setdefault(notification.call_id, deque()).append(notification)

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant or self.tenant.id, Tokens(), self)  # type: ignore[arg-type]

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool = False,
        limit: int = 0,
    ) -> Answer:
        """Answer one request as the simulator does, unless the answer is lost."""
        self.engine.advance()
        request: Any = RequestFactory().generic(method, url.removeprefix("https://graph.test"), body or b"")
        request.META["CONTENT_TYPE"] = "application/json"
        request.content_type, request.scope = "application/json", {"simulator.held": []}
        exchange = Exchange(self.world, request, "req-1")
        with patch.object(addresses, "authenticate", lambda exchange: self.app), self._time():
            try:
                response = async_to_sync(addresses.handle)(exchange)
            except GraphFault as fault:
                response = addresses.refusal(exchange, fault)
        if self.lose and method != "GET":
            self.lose -= 1
            raise errors.OutcomeUnknown("the answer was lost", code="Lost")
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, told, response.content)

    def _time(self) -> Any:
        return patch.multiple("simulator.graph_meetings", utc_now=self.clock)

    def tell(self, call_id: str) -> None:
        """Bring the portal the next notification about a call, as the intake stores it."""
        notification = self.lanes[call_id].popleft()
        if not self.lanes[call_id]:
            del self.lanes[call_id]
        at = self.clock()
        for index, item in enumerate(bodies.parse(json.dumps(notification.body).encode())):
            Delivery.objects.get_or_create(
                message_key=notification.message_id,
                index=index,
                defaults={
                    "tenant_id": notification.tenant_id,
                    "call_key": item.call_key,
                    "is_ring": item.is_ring,
                    "scenario_id": notification.scenario_id,
                    "query": urlsplit(notification.uri).query,
                    "body": item.body,
                    "received_at": at,
                    "due_at": at,
                },
            )
        if notification.offers:
            self.engine.delivered(call_id)

    def pass_time(self, until: datetime) -> None:
        """Let time go by, timer after timer."""
        while (due := self.engine.timers.next_due()) and due <= until:
            self.clock.at = max(due, self.clock.at)
            self.engine.advance()
        self.clock.at = max(until, self.clock.at)

    def roster(self, call: Call) -> dict[str, bool]:
        """Return who is in the call's conference, by id, and whether they are muted."""
        group: Conference | None = call.conference
        if group is None:
            return {}
        return {one.id: one.is_muted for one in group.participants.values() if not one.is_hidden}
