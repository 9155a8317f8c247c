"""A process that is killed at each single step of calling people together, and of leading a caller into a meeting.

What Graph did is read from Graph itself, by the process that lives the story and by the one that goes on with it:
each tells the portal whatever has happened there, under message ids that make a repetition harmless.
"""

import itertools
import json
import os
import ssl
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from audit import trail
from calls import callees
from calls.models import Call, Operation, Timer
from calls.rules.callees import AGAIN
from commsportal import idempotency, worker
from commsportal.clock import now
from commsportal.invariants import violations
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.other_side import Graph
from tests.calls.service import incoming, state, tell
from tests.calls.stories import Clock
from tests.calls.test_every_point_may_be_the_last import EACH, authority, clock, unhurried
from tests.graph.fake_service import Authority, Reply, Seen
from tests.people import OIDS, api, make_person
from tests.torture.points import Child, Points
from webhooks.models import Delivery

__all__ = ["authority", "clock", "unhurried"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unhurried")]
PLOTS = ("group", "bridge")
LEAST_POINTS = 40
COMPLETED = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation", "status": "completed"}
Facts = dict[str, Any]
Point = Callable[[str], object]


class Rooms(Graph):
    """Graph over HTTPS with meetings: what calls there are, and who was rung into them; `/facts` tells it."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority)
        self.calls: dict[str, dict[str, str]] = {}
        self.rings: list[dict[str, str]] = []

    def reply(self, seen: Seen) -> Reply:
        """Do what is asked."""
        if seen.path == "/facts":
            return Reply(200, json.dumps({"calls": self.calls, "rings": self.rings}).encode())
        self.seen.append(seen)
        words = seen.path.removeprefix("/v1.0/").split("/")
        if words[-1] == "createOrGet":
            chat = {"threadId": f"19:{seen.json['externalId']}@thread.v2", "messageId": "0"}
            return self._answer(200, {"id": "meeting", "chatInfo": chat})
        if words == ["communications", "calls"]:
            return self._place(seen.json)
        call = self.calls.get(words[2], {"state": "terminated"})
        if call["state"] == "terminated":
            return self._answer(404, {"error": {"code": "8522", "message": "Call not found."}})
        return self._act(seen, words[2], call, words[-1])

    def _place(self, body: Facts) -> Reply:
        made = str(uuid.uuid4())
        self.calls[made] = {"state": "established", "query": body["callbackUri"].partition("?")[2]}
        return self._answer(201, {"id": made, "state": "establishing", "direction": "outgoing"})

    def _act(self, seen: Seen, call_id: str, call: dict[str, str], action: str) -> Reply:
        if seen.method == "DELETE":
            call["state"] = "terminated"
            return Reply(204)
        if action == "answer":
            call["state"] = "established"
            return self._answer(202, {})
        if action == "invite":
            return self._ring(call_id, seen.json)
        if action == "participants":
            return self._answer(200, {"value": []})
        return self._answer(200, {"id": call_id, "state": call["state"], "direction": "incoming"})

    def _ring(self, call_id: str, body: Facts) -> Reply:
        (party,) = body["participants"]
        (identity,) = [one for one in party["identity"].values() if isinstance(one, dict)]
        made, replaced = str(uuid.uuid4()), party.get("replacesCallId") or ""
        facts = {"call": call_id, "context": body["clientContext"], "who": identity["id"], "replaces": replaced}
        self.rings.append({"id": made, **facts})
        if replaced:
            self.calls[replaced]["state"] = "terminated"
        return self._answer(200, {"id": made, "status": "running", "clientContext": body["clientContext"]})

    def _answer(self, status: int, body: Facts) -> Reply:
        return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def facts(self) -> Facts:
        """Ask what happened, also from a fork."""
        context = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(f"{self.url}/facts", context=context) as answer:
            told: Facts = json.loads(answer.read())
        return told


@pytest.fixture
def graph(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    made = Rooms(authority)
    monkeypatch.setattr(conf, "client", made.client)
    yield made
    made.stop()


class Story:
    """One call of several, from the decision to the end."""

    def __init__(self, graph: Rooms, who: User, line: Line, clock: Clock, plot: str) -> None:
        self.graph, self.client, self.line, self.clock, self.plot = graph, api(who), line, clock, plot
        self.name = str(uuid.uuid4())  # of the call of a caller, and of what is asked
        self.before = graph.facts()

    def begin(self) -> None:
        """Come to where a child takes over."""
        if self.plot == "bridge":
            self.graph.calls[self.name] = {"state": "incoming", "query": ""}
            self._tell(f"ring {self.name}", self.name, "created", incoming("main"))
            worker.run_pending()

    def live(self, points: Points) -> None:
        """Live it, in a child."""
        self.decide(points)
        worker.run_pending()
        while self.tell():
            worker.run_pending()
        self.leave(points)
        worker.run_pending()
        self.tell()
        worker.run_pending()

    def live_on(self) -> None:
        """Go on from wherever it stopped: leases have run out, Graph tells all, the person asks again."""
        self.decide()
        self.do_all()
        for seconds in (0, 45, 65):  # what Graph never got is given up in that time
            self.clock.forward(seconds)
            self.do_all()
            while self.tell():
                self.do_all()
        self.leave()
        self.do_all()
        while self.tell():
            self.do_all()

    def decide(self, point: Point = len) -> None:
        """Ask over HTTP until there is an answer, under one key however often."""
        path, body = "/api/v1/calls/", {"line": self.line.pk, "targets": [user("omar"), user("max")]}
        if self.plot == "bridge":
            path, body = f"{path}{Call.objects.get(graph_id=self.name).pk}/answer/", {}
        self._post(path, body, point)

    def leave(self, point: Point = len) -> None:
        """Hang up whatever is live."""
        for call in Call.objects.live().exclude(graph_id="").order_by("received_at"):
            self._post(f"/api/v1/calls/{call.pk}/hang-up/", {}, point)
            self.do_all() if point is len else worker.run_pending()

    def _post(self, path: str, body: Facts, point: Point) -> None:
        key = {"HTTP_IDEMPOTENCY_KEY": f"{path}-{self.name}"}
        answer = self.client.post(path, body, "json", **key)
        if answer.status_code == 409 and answer.json()["code"] == "in_flight":
            self.clock.forward(idempotency.TAKE_OVER.total_seconds())  # whoever had it was killed
            answer = self.client.post(path, body, "json", **key)
        assert answer.status_code in (202, 409), answer.content
        point("after answer to a person")

    def tell(self) -> bool:
        """Tell all that happened at Graph and was not told yet; tell whether there was anything."""
        facts, is_news = self.graph.facts(), False
        for call_id, call in facts["calls"].items():
            if call_id in self.before["calls"] or call["state"] == "incoming":
                continue
            is_news |= self._tell(f"on {call_id}", call_id, "updated", state("established"), query=call["query"])
            if call["state"] == "terminated":
                over = state("terminated", code=200, subcode=7000)
                is_news |= self._tell(f"over {call_id}", call_id, "deleted", over, query=call["query"])
        for ring in facts["rings"][len(self.before["rings"]) :]:
            told = COMPLETED | {"id": ring["id"], "clientContext": ring["context"]}
            part = f"/operations/{ring['id']}"
            is_news |= self._tell(f"came {ring['id']}", ring["call"], "deleted", told, part=part)
        return is_news

    def _tell(self, message: str, call_id: str, change: str, resource: Facts, **where: str) -> bool:
        if Delivery.objects.filter(message_key=message).exists():
            return False
        tell(call_id, change, resource, message=message, **where)
        return True

    def do_all(self) -> None:
        """Do everything, as another worker would once all leases have run out and all pauses are over."""
        for model in (Delivery, Operation, Timer):
            model.objects.filter(lease__isnull=False).update(lease_until=now())
        Operation.objects.filter(status="pending").update(due_at=now())
        worker.run_pending()

    def check(self, at: str) -> bool:
        """See that it came out well for the little that can be known; tell whether everybody was reached."""
        facts = self.graph.facts()
        rings = facts["rings"][len(self.before["rings"]) :]
        rooms = [one for one, call in facts["calls"].items() if one not in self.before["calls"] and call["query"]]
        assert len(rooms) <= 1, at
        assert max(Counter(ring["who"] for ring in rings).values(), default=0) <= 1, at
        assert not Operation.objects.filter(status="pending").exists() and not Call.objects.live().exists(), at
        assert set(Delivery.objects.values_list("status", flat=True)) <= {"applied"}, at
        assert violations() == [], at
        reached = {ring["who"] for ring in rings}
        for row in Operation.objects.filter(kind="invite", call__graph_id__in=rooms):
            came = row.parameters["targets"][0]["id"] in reached
            assert row.status == "done" if came else row.status in ("unknown", "failed"), at
        if self.plot == "group" and rooms:
            self._check_callees(Call.objects.get(graph_id=rooms[0]), reached, at)
        return len(reached) == 2

    def _check_callees(self, call: Call, reached: set[str], at: str) -> None:
        found = callees.of(list(call.operations.order_by("created_at", "id")), call.participants.all())
        assert [one.id for one in found] == [OIDS["omar"], OIDS["max"]], at
        for one in found:
            assert one.outcome == "joined" if one.id in reached else one.outcome in AGAIN | {"waiting"}, at


def user(name: str) -> dict[str, str]:
    return {"kind": "user", "id": OIDS[name]}


@pytest.mark.control("R1")
@pytest.mark.control("R3")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("plot", PLOTS)
def test_nobody_is_rung_twice_and_nothing_is_left_hanging_wherever_a_process_is_killed(
    graph: Rooms, rita: User, main: Line, clock: Clock, capsys: pytest.CaptureFixture[str], plot: str
) -> None:
    main.organizers, main.mode = OIDS["max"], "bridge" if plot == "bridge" else "direct"
    main.save()
    for name in ("omar", "max"):
        make_person(name.title(), oid=OIDS[name])
    step = 1 if os.environ.get("ALL_POINTS") else EACH[connection.vendor]
    total, reached = 0, 0
    for fatal in itertools.count(1 + PLOTS.index(plot) % step, step):
        story, points = Story(graph, rita, main, clock, plot), Points(fatal)
        story.begin()
        was_killed = Child(story.live, points).wait()
        at = f"point {fatal}: {points.name()}"
        story.live_on()
        reached += story.check(at)
        total = points.passed()
        points.close()
        if not was_killed:
            break
    with capsys.disabled():
        print(
            f"\n{plot}: killed at every {step}th of {total} points on {connection.vendor}, all reached {reached}"
        )
    assert total >= LEAST_POINTS and story.check("at the end")
    assert trail.verify() is None
