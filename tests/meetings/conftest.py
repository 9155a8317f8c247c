"""Organisers, and a Graph that holds meetings."""

import itertools
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from directory.models import User
from graph import conf
from graph.client import GraphClient
from graph.transport import Answer
from meetings.models import Organizer
from tests.calls.service import Tokens, answer, error
from tests.people import make_person, tenant_id

PATH = re.compile(r"https://graph.test/v1.0/users/(?P<user>[^/]+)/onlineMeetings(?:/(?P<id>[^/?]+))?")
Fault = Answer | Exception | Callable[[], None]


class Meetings:
    """Graph, as far as online meetings go; it stands where the network would be."""

    def __init__(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.numbers = itertools.count(1)

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant or tenant_id(), Tokens(), self)  # type: ignore[arg-type]

    def fail(self, method: str, *faults: Fault) -> None:
        """Have the next requests fail so; a callable runs first, and the request goes on."""
        self.faults[method].extend(faults)

    def asked(self) -> list[str]:
        """Return what was asked, without what was said."""
        return [method for method, _ in self.requests]

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
        """Answer one request."""
        told = json.loads(body or b"{}")
        self.requests.append((method, told))
        fault = self.faults[method].popleft() if self.faults[method] else None
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, Answer):
            return fault
        if fault is not None:
            fault()
        if "/calendarView" in url:
            return answer(200, {"value": []})
        found = PATH.match(url)
        assert found, url
        return (
            self._make(told, get=found["id"] == "createOrGet")
            if method == "POST"
            else self._one(method, found["id"], told)
        )

    def _make(self, told: dict[str, Any], *, get: bool) -> Answer:
        for known in self.all.values() if get else ():
            if known["externalId"] == told["externalId"]:
                return answer(200, known)
        needs = told.get("joinMeetingIdSettings", {}).get("isPasscodeRequired", True)
        key = f"meeting-{next(self.numbers)}"
        self.all[key] = {
            **told,
            "id": key,
            "joinWebUrl": f"https://teams.example/{key}",
            "chatInfo": {"threadId": f"19:meeting_{key}@thread.v2"},
            "joinMeetingIdSettings": {
                "joinMeetingId": "123456789012",
                "passcode": "aB3xyz" if needs else None,
                "isPasscodeRequired": needs,
            },
            "audioConferencing": {
                "tollNumber": "+14255550100",
                "conferenceId": "77",
                "dialinUrl": "https://d.example",
            },
        }
        return answer(201, self.all[key])

    def _one(self, method: str, key: str, told: dict[str, Any]) -> Answer:
        if key not in self.all:
            return error(404, "NotFound")
        if method == "DELETE":
            del self.all[key]
            return answer(204)
        self.all[key] |= told
        return answer(200, self.all[key])


@pytest.fixture
def microsoft(monkeypatch: pytest.MonkeyPatch) -> Meetings:
    """Return the Graph that the worker asks."""
    service = Meetings()
    monkeypatch.setattr(conf, "client", service.client)
    return service


@pytest.fixture
def dana(max_: User, rita: User) -> Organizer:
    """Return an organiser whose meetings the manager and a receptionist see."""
    return make_organizer("Dana Lee", max_, rita)


def make_organizer(name: str, *staff: User) -> Organizer:
    """Make somebody of the directory an organiser."""
    person = make_person(name)
    organizer = Organizer.objects.create(tenant_id=person.tenant_id, oid=person.oid, name=person.name)
    organizer.staff.set(staff)
    return organizer
