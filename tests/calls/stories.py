"""One call and one decision about it, as a child process lives them, with Graph in the test's own process."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from calls.models import Call, Operation, Timer
from commsportal import idempotency, worker
from commsportal.clock import now
from directory.models import User
from tests.calls.other_side import Graph
from tests.calls.service import incoming, state
from tests.people import OIDS, api
from tests.torture.points import Points
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer

LONGEST_DOUBT = 6.0  # seconds after which a transfer without an answer is given up
Report = dict[str, Any]
END, CALLER_LEFT = state("terminated"), state("terminated", code=200)
ESTABLISHED, TRANSFERRING, ACCEPTED = state("established"), state("transferring"), state("transferAccepted")
COMPLETED = state("terminated", code=0, subcode=7015)


class Clock:
    """The machine's clock, moved forward by a test; children inherit how far."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(tz=UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Plot:
    """What is decided of a call, what Graph tells of it once it is done, and what becomes of the call."""

    kind: str
    outcome: str
    told: tuple[Report, ...] = (END,)
    body: dict[str, Any] = field(default_factory=dict)
    begins: str = "incoming"  # the state in which a child takes the call over, empty to have it told of the ring
    by_fallback: bool = False
    in_doubt: dict[str, Any] = field(default_factory=dict)  # what else may come of a request without an answer

    @property
    def well(self) -> dict[str, Any]:
        """Return how it comes out if nothing goes wrong."""
        kinds = ["answer", self.kind] if self.begins == "established" else [self.kind]
        return {
            "state": "terminated",
            "outcome": self.outcome,
            "operations": [(kind, "done") for kind in kinds],
            "deliveries": {"applied"},
            "effects": dict.fromkeys(kinds, 1),
            "transfers sent again": 0,
        }


PLOTS = {
    "redirect": Plot("redirect", "taken", begins=""),
    "answer": Plot("answer", "answered", (ESTABLISHED, CALLER_LEFT)),
    "reject": Plot("reject", "rejected", body={"reason": "busy"}),
    "fallback": Plot("redirect", "fallback", by_fallback=True),
    "hang-up": Plot(
        "hang-up",
        "hung_up",
        begins="established",
        in_doubt={"outcome": "answered"},  # the caller may have been first
    ),
    "transfer": Plot(
        "transfer",
        "transferred",
        (TRANSFERRING, ACCEPTED, COMPLETED),
        {"target": {"kind": "user", "id": OIDS["omar"]}},
        begins="established",
        in_doubt={  # it is never repeated: the caller waits in vain and leaves
            "outcome": "answered",
            "operations": [("answer", "done"), ("transfer", "failed")],
            "effects": {"answer": 1},
        },
    ),
}


class Story:
    """A call by a plot. What happened is told to the test even if the process that lives it ends."""

    def __init__(
        self, graph: Graph, issuer: Issuer, who: User, clock: Clock, plot: Plot = PLOTS["redirect"]
    ) -> None:
        self.graph, self.issuer, self.clock, self.plot = graph, issuer, clock, plot
        self.graph_id = new_call()
        self.client = api(who)
        self.ring = incoming("main")
        self.told_so_far = os.memfd_create("told")
        graph.ring(self.graph_id, self.told)

    def begin(self) -> None:
        """Come to where a child takes over."""
        if self.plot.begins:
            self.notify("ring", self.ring)
            worker.run_pending()
        if self.plot.begins == "established":
            self.decide("answer")
            worker.run_pending()
            self.notify("established", ESTABLISHED)
            worker.run_pending()
        if self.plot.by_fallback:
            self.clock.forward(settings.RING_DECISION_SECONDS)

    def live(self, points: Points) -> None:
        """Live it from there, in a child."""
        if not self.plot.begins:
            self.notify("ring", self.ring, points)
            worker.run_pending()
        if not self.plot.by_fallback:
            self.decide(self.plot.kind, points)
        worker.run_pending()
        for number, report in enumerate(self.plot.told):
            self.notify(f"news {number}", report, points)
            worker.run_pending()

    def live_on(self) -> None:
        """Go on from wherever it stopped: Graph comes again, the person asks again, leases have run out."""
        self.notify_unless_taken("ring", self.ring)
        if not self.plot.by_fallback and self.plot.kind not in self.promised():
            self.decide(self.plot.kind)
            self.do_all()
        if self.operations()[-1].status == "pending" and self.plot.kind == "transfer":
            self.clock.forward(LONGEST_DOUBT)
            self.do_all()
        has_happened = self.graph.effects[self.graph_id][self.plot.kind]
        for number, report in enumerate(self.plot.told if has_happened else (CALLER_LEFT,)):
            self.notify_unless_taken(f"news {number}", report)

    def notify_unless_taken(self, name: str, report: Report) -> None:
        """Post a notification that was not answered 202 before, and do what is to be done by then."""
        if name not in self.acknowledged():
            self.notify(name, report)
        self.do_all()

    def notify(self, name: str, report: Report, point: Callable[[str], object] = len) -> None:
        """Post one notification until it is taken, and note that it was."""
        change = {"incoming": "created", "terminated": "deleted"}.get(report["state"], "updated")
        kind = {"@odata.type": "#microsoft.graph.call", "id": self.graph_id}
        news = item(self.graph_id, change=change, resourceData=kind | report)
        intake = Intake(self.issuer.verifier(), Writer())
        self._tell("sent", name, report["state"])
        headers = ("x-microsoft-skype-message-id", self.message(name))
        status = post_now(intake, body(news), self.issuer.token(), headers).status
        point("before 202 to Graph")
        assert status == 202
        self._tell("taken", name, report["state"])
        point("after 202 to Graph")
        intake.stop()

    def decide(self, kind: str, point: Callable[[str], object] = len) -> None:
        """Ask over HTTP until there is an answer, under one key however often."""
        key = {"HTTP_IDEMPOTENCY_KEY": f"{kind}-{self.graph_id}"}
        path = f"/api/v1/calls/{Call.objects.get(graph_id=self.graph_id).pk}/{kind}/"
        asked = {} if kind == "answer" else self.plot.body
        answer = self.client.post(path, asked, "json", **key)
        if answer.status_code == 409 and answer.json()["code"] == "in_flight":
            self.clock.forward(idempotency.TAKE_OVER.total_seconds())  # whoever had it was killed
            answer = self.client.post(path, asked, "json", **key)
        assert answer.status_code == 202 or answer.json()["code"] == "pending", answer.content
        point("before 202 to a person")
        self._tell("promised", kind, "-")
        point("after 202 to a person")

    def _tell(self, what: str, name: str, word: str) -> None:
        os.write(self.told_so_far, f"{what}\t{name}\t{word}\n".encode())

    def _lines(self, wanted: str) -> list[tuple[str, str]]:
        lines = (line.split("\t") for line in os.pread(self.told_so_far, 10_000, 0).decode().splitlines())
        return [(name, word) for what, name, word in lines if what == wanted]

    def told(self) -> list[tuple[str, str, bool]]:
        """Return each time that something was told, and whether that was answered 202."""
        taken = self.acknowledged()
        sent = self._lines("sent")
        last = {name: number for number, (name, _) in enumerate(sent)}
        return [
            (self.message(name), word, name in taken and last[name] == number)
            for number, (name, word) in enumerate(sent)
        ]

    def message(self, name: str) -> str:
        """Return the message id of a notification."""
        return f"{name}-{self.graph_id}"

    def acknowledged(self) -> set[str]:
        """Return the notifications that were answered 202."""
        return {name for name, _ in self._lines("taken")}

    def promised(self) -> set[str]:
        """Return the decisions that were answered 202."""
        return {name for name, _ in self._lines("promised")}

    def expected(self) -> list[dict[str, Any]]:
        """Return how it may come out, as things stand now."""
        left = Operation.objects.filter(call__graph_id=self.graph_id, kind=self.plot.kind, sends__gt=0)
        is_in_doubt = left.filter(accepted_at=None, status="pending").exists()
        return [self.plot.well, *([self.plot.well | self.plot.in_doubt] if is_in_doubt else [])]

    def stored(self) -> list[str]:
        """Return the message ids of what is stored."""
        return list(Delivery.objects.filter(call_key=self.graph_id).values_list("message_key", flat=True))

    def operations(self) -> list[Operation]:
        """Return what was asked of Graph."""
        return list(Operation.objects.filter(call__graph_id=self.graph_id).order_by("created_at"))

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
            "deliveries": set(Delivery.objects.filter(call_key=self.graph_id).values_list("status", flat=True)),
            "effects": dict(self.graph.effects[self.graph_id]),
            "transfers sent again": sum(row.kind == "transfer" and row.sends > 1 for row in self.operations()),
        }

    def close(self) -> None:
        """Keep only what was told."""
        told = self.told()
        self.graph.told[self.graph_id] = lambda: told
        os.close(self.told_so_far)
