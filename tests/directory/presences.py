"""Microsoft's side of presence, in the place of the network: what it says of each id, and what it was asked."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from graph.client import GraphClient
from graph.transport import Answer

ADDRESS = "https://graph.test/v1.0/communications/getPresencesByUserId"


class Tokens:
    """Bearer tokens that are always good."""

    def bearer(self) -> str:
        return "token"

    def drop(self, token: str) -> None:
        return None


class Teams:
    """Everybody is available unless `people` says otherwise; None: there is no such user."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any] | None] = {}
        self.asked: list[tuple[str, list[str]]] = []  # tenant and ids of each request
        self.faults: deque[Answer | Exception | Callable[[], object]] = deque()

    def client(self, tenant: str) -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant, Tokens(), _Wire(self, tenant))  # type: ignore[arg-type]

    def say(self, oid: str, availability: str, activity: str = "", out: str | None = None) -> None:
        """Have somebody show so from now on."""
        away = {"isOutOfOffice": out is not None, "message": out}
        self.people[oid] = {
            "availability": availability,
            "activity": activity or availability,
            "outOfOfficeSettings": away,
        }

    def answer(self, tenant: str, body: bytes) -> Answer:
        """Answer one request."""
        ids = json.loads(body)["ids"]
        self.asked.append((tenant, ids))
        if self.faults:
            fault = self.faults.popleft()
            if isinstance(fault, Exception):
                raise fault
            if isinstance(fault, Answer):
                return fault
            fault()  # something that happens while the request is under way
        free = {"availability": "Available", "activity": "Available"}
        found = {oid: self.people.get(oid, free) for oid in ids}
        return reply(200, {"value": [{"id": oid, **told} for oid, told in found.items() if told is not None]})


class _Wire:
    def __init__(self, teams: Teams, tenant: str) -> None:
        self.teams = teams
        self.tenant = tenant

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
        assert (method, url) == ("POST", ADDRESS)
        return self.teams.answer(self.tenant, body or b"")


def reply(status: int, body: dict[str, Any], **headers: str) -> Answer:
    """Return an answer of Graph's."""
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode()
    )


def refusal(status: int, code: str, **headers: str) -> Answer:
    """Return an error of Graph's."""
    return reply(status, {"error": {"code": code, "message": code}}, **headers)
