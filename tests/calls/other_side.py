"""Graph over HTTPS in the test's own process, and what `tests.invariants` compares with the portal's rows."""

import logging
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from prometheus_client import generate_latest

from calls.rules.state import RANK
from commsportal.clock import now
from commsportal.invariants import violations
from commsportal.logs import JsonFormatter
from graph.client import GraphClient
from graph.transport import Wire
from tests.calls.service import Service, Tokens
from tests.graph.fake_service import Authority, FakeService, Reply, Seen
from tests.invariants import LEAVES, Sides
from tests.logged import read_log
from tests.people import tenant_id

Row = dict[str, Any]
Told = Callable[[], list[tuple[str, str, bool]]]  # of one call: message, state, whether it was answered 202


class Graph(FakeService):
    """Graph over HTTPS, which notes what it did to each call and what it told of it."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.context("localhost"))
        self.ca_file = str(authority.file)
        self.service = Service()
        self.effects: dict[str, Counter[str]] = defaultdict(Counter)
        self.history: dict[str, list[Row]] = {}
        self.told: dict[str, Told] = {}

    def ring(self, call_id: str, told: Told) -> None:
        """Have a call that rings; `told` returns what was told of it so far."""
        self.service.states[call_id] = "incoming"
        self.history[call_id] = []
        self.told[call_id] = told
        self._note(call_id, "incoming", "caller")

    def state(self, call_id: str) -> str:
        """Return the state of a call, which is at least what was told of it."""
        words = [word for _, word, _ in self.told[call_id]()]
        self.service.states[call_id] = max(self.service.states[call_id], *words, "incoming", key=RANK.__getitem__)
        return self.service.states[call_id]

    def reply(self, seen: Seen) -> Reply:
        """Do what is asked, unless the call is in no state for it."""
        self.seen.append(seen)
        *_, call_id, action = f"{seen.path}/hang-up".split("/")[:6]
        self.state(call_id)
        answer = self.service.exchange(seen.method, f"https://graph.test{seen.path}", body=seen.body)
        if seen.method != "GET" and answer.status < 300:
            self.effects[call_id][action] += 1
            self._note(call_id, LEAVES[action], "application")
        return Reply(answer.status, answer.body, dict(answer.headers))

    def _note(self, call_id: str, state: str, by: str) -> None:
        self.history[call_id].append({"at": now().isoformat(), "state": state, "by": by})

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`; each process has connections of its own."""
        return GraphClient(f"{self.url}/v1.0", tenant or tenant_id(), Tokens(), self._wire(os.getpid()))  # type: ignore[arg-type]

    @cache  # noqa: B019 - lives as long as its test
    def _wire(self, process: int) -> Wire:
        return Wire(self.ca_file)


class Both(Sides):
    """The portal in this process and its children, and the Graph of the test."""

    def __init__(self, graph: Graph, log_file: Path) -> None:
        self.graph, self.log_file = graph, log_file

    def told(self, path: str) -> Any:
        """Return what the simulator would answer."""
        return {"results": list(self._deliveries() if "deliveries" in path else self._calls())}

    def _deliveries(self) -> Iterator[Row]:
        for call_id, told in self.graph.told.items():
            for message, word, taken in told():
                change = {"incoming": "created", "terminated": "deleted"}.get(word, "updated")
                told_at = self.graph.history[call_id][0]["at"]
                status = 202 if taken else 0
                yield {"at": told_at, "call": call_id, "change": change, "message_id": message, "status": status}

    def _calls(self) -> Iterator[Row]:
        for call_id, history in self.graph.history.items():
            state = self.graph.state(call_id)
            yield {"id": call_id, "state": state, "direction": "incoming", "history": history}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query; SQLite keeps ids without their dashes."""
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def doctor(self) -> list[str]:
        """Return what the doctor finds."""
        return violations()

    def log(self) -> Iterator[tuple[str, str]]:
        """Yield what this process and its children have logged."""
        yield from read_log(self.log_file.read_text().splitlines())

    def secrets(self) -> dict[str, str]:
        """Return what the portal keeps to itself."""
        return {"the secret key": settings.SECRET_KEY, "the client's secret": settings.GRAPH_CLIENT_SECRET}

    def figures(self) -> str:
        """Return what `/metrics` tells."""
        return generate_latest().decode()


@contextmanager
def logged_to(log_file: Path) -> Iterator[None]:
    """Keep what this process and its forks log, also what one logs that is killed right after."""
    handler = logging.FileHandler(log_file)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
