"""One call from ring to end as a child process lives it, with Graph in the test's own process."""

import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import F

from calls import commands
from calls.models import Call, Operation, Timer
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph.client import GraphClient
from graph.transport import Wire
from tests.calls.service import Service, Tokens, incoming, state
from tests.graph.fake_service import Authority, FakeService, Reply, Seen
from tests.people import tenant_id
from tests.torture.points import Points
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer


class Graph(FakeService):
    """Graph over HTTPS, which counts what it did."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.context("localhost"))
        self.ca_file = str(authority.file)
        self.service = Service()
        self.effects: Counter[str] = Counter()

    def reply(self, seen: Seen) -> Reply:
        """Do what is asked, unless the call is in no state for it."""
        self.seen.append(seen)
        answer = self.service.exchange(seen.method, f"https://graph.test{seen.path}", body=seen.body)
        if seen.method != "GET" and answer.status < 300:
            self.effects[seen.path.split("/")[4]] += 1
        return Reply(answer.status, answer.body, dict(answer.headers))

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`; each process has connections of its own."""
        return GraphClient(f"{self.url}/v1.0", tenant or tenant_id(), Tokens(), self._wire(os.getpid()))  # type: ignore[arg-type]

    @cache  # noqa: B019 - lives as long as its test
    def _wire(self, process: int) -> Wire:
        return Wire(self.ca_file)


class Story:
    """A ring that a receptionist redirects. What happened is told to the test even if its process ends."""

    def __init__(self, graph: Graph, issuer: Issuer, who: User) -> None:
        self.graph, self.issuer, self.who = graph, issuer, who
        self.graph_id = new_call()
        self.told = os.memfd_create("told")
        graph.service.states[self.graph_id] = "incoming"
        kind = {"@odata.type": "#microsoft.graph.call", "id": self.graph_id}
        self.news = {
            "ring": item(self.graph_id, resourceData=kind | incoming("main")),
            "end": item(self.graph_id, change="deleted", resourceData=kind | state("terminated")),
        }

    def live(self, points: Points) -> None:
        """Live it, in a child."""
        self.notify("ring", points)
        worker.run_pending()
        self.decide()
        worker.run_pending()
        self.notify("end", points)
        worker.run_pending()

    def live_on(self) -> None:
        """Go on from wherever it stopped: Graph comes again, the person asks again, leases have run out."""
        if "ring" not in self.acknowledged():
            self.notify("ring")
        self.do_all()
        if not self.operations():
            self.decide()
        self.do_all()
        if self.graph.service.states[self.graph_id] == "terminated" and "end" not in self.acknowledged():
            self.notify("end")
        self.do_all()

    def notify(self, name: str, point: Callable[[str], None] = lambda name: None) -> None:
        """Post one notification until it is taken, and note that it was."""
        intake = Intake(self.issuer.verifier(), Writer())
        headers = ("x-microsoft-skype-message-id", self.message(name))
        status = post_now(intake, body(self.news[name]), self.issuer.token(), headers).status
        point("before 202")
        assert status == 202
        os.write(self.told, f"{name}\n".encode())
        point("after 202")
        intake.stop()

    def message(self, name: str) -> str:
        """Return the message id of a notification."""
        return f"{name}-{self.graph_id}"

    def acknowledged(self) -> set[str]:
        """Return the notifications that were answered 202."""
        return set(os.pread(self.told, 1000, 0).decode().split())

    def stored(self) -> list[str]:
        """Return the message ids of what is stored."""
        return list(Delivery.objects.filter(call_key=self.graph_id).values_list("message_key", flat=True))

    def decide(self) -> None:
        """Redirect the call to the receptionist."""
        commands.redirect(Call.objects.get(graph_id=self.graph_id).pk, self.who)

    def operations(self) -> list[Operation]:
        """Return what was asked of Graph."""
        return list(Operation.objects.filter(call__graph_id=self.graph_id))

    def do_all(self) -> None:
        """Do everything, as another worker would once all leases have run out and all pauses are over."""
        for model in (Delivery, Operation, Timer):
            model.objects.filter(lease__isnull=False).update(lease_until=now())
        Operation.objects.filter(status="pending").update(due_at=now(), attempts=F("attempts"))
        worker.run_pending()

    def ending(self) -> dict[str, Any]:
        """Return how it came out."""
        call = Call.objects.get(graph_id=self.graph_id)
        return {
            "state": call.state,
            "outcome": call.outcome,
            "operations": [(row.kind, row.status) for row in self.operations()],
            "deliveries": sorted(Delivery.objects.filter(call_key=self.graph_id).values_list("status", flat=True)),
            "effects": self.graph.effects[self.graph_id],
        }

    def close(self) -> None:
        """Forget what was told."""
        os.close(self.told)
