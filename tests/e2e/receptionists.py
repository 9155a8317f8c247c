"""Hasty receptionists: they decide whatever rings, and ask again with the same key until they are answered."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

from tests.e2e.running import Demo, Portal, wait_for

Body = dict[str, Any]
SOMEBODY = {"kind": "phone", "id": "+14255550188"}
BUSY = {"kind": "phone", "id": "+14255550123"}
RINGING: tuple[tuple[str, Body], ...] = (
    ("claim", {}),
    ("redirect", {}),
    ("redirect", {"targets": [SOMEBODY], "timeout": 20}),
    ("reject", {"reason": "busy"}),
    ("answer", {}),
    ("answer", {}),
)
TALKING: tuple[tuple[str, Body], ...] = (
    ("transfer", {"target": SOMEBODY}),
    ("transfer", {"target": BUSY}),
    ("hang-up", {}),
)
TRIES, AGAIN_SECONDS = 10, 0.5


@dataclass(frozen=True)
class Asked:
    """A decision that was asked for under a key: the operation it led to, empty while nobody said so."""

    path: str
    body: Body
    key: str
    operation: str = ""


@dataclass(frozen=True)
class Answer:
    """What the portal said: a status, and the operation it promises with 202."""

    status: int
    text: str
    operation: str


class Receptionist(threading.Thread):
    """One person with a token, who decides at random and notes what was promised."""

    def __init__(self, name: str, portal: Portal, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.portal = portal
        self.random = Random(f"{seed}:{name}")
        self.over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.ended: set[str] = set()

    def run(self) -> None:
        """Decide until told to stop."""
        while not self.over.wait(0.2):
            for lane, choices in (("ringing", RINGING), ("live", TALKING)):
                found = [call for call in self.calls() if call["lane"] == lane and call["id"] not in self.ended]
                for call in self.random.sample(found, min(4, len(found))):
                    self.decide(call, choices)

    def calls(self) -> list[Body]:
        """Return the calls that are live, none while the portal does not answer."""
        try:
            return self.portal.get("calls/", live="true")["results"]
        except (requests.RequestException, AssertionError):
            self.answers["no list"] += 1
            return []

    def decide(self, call: Body, choices: tuple[tuple[str, Body], ...]) -> None:
        """Ask for one of `choices`; a call that talks is asked to end only once."""
        if choices is TALKING:
            if call["state"] != "established":
                return
            self.ended.add(call["id"])
        path, body = self.random.choice(choices)
        key = str(uuid.UUID(int=self.random.getrandbits(128)))
        self.ask(Asked(f"calls/{call['id']}/{path}/", body, key))

    def ask(self, asked: Asked) -> None:
        """Ask, again if need be, and note what came of it."""
        for _ in range(TRIES):
            answer = self.post(asked)
            if answer is not None or self.over.wait(AGAIN_SECONDS):
                break
        self.answers[str(answer.status) if answer else "no answer"] += 1
        if answer is None or answer.operation:
            operation = answer.operation if answer else ""
            self.asked.append(Asked(asked.path, asked.body, asked.key, operation))

    def post(self, asked: Asked) -> Answer | None:
        """Return the answer, None where there is none yet."""
        url, headers = f"{self.portal.url}/{asked.path}", {"Idempotency-Key": asked.key}
        try:
            said = self.portal.session.post(url, json=asked.body, headers=headers, timeout=10)
        except requests.RequestException:
            self.answers["asked again"] += 1
            return None
        if said.status_code >= 500 or "in_flight" in said.text:
            self.answers["asked again"] += 1
            return None
        return Answer(said.status_code, said.text, said.json()["id"] if said.status_code == 202 else "")

    def broken_promises(self) -> dict[str, str]:
        """Ask everything once more, now that the portal stays; return what does not get the answer of then."""
        found = {}
        for asked in self.asked:
            answer = wait_for(lambda asked=asked: self.post(asked), f"answer to {asked.path}", 90)
            if asked.operation not in ("", answer.operation):
                found[asked.path] = answer.text
        return found


@contextmanager
def at_work(running: Demo, names: tuple[str, ...], seed: int) -> Iterator[list[Receptionist]]:
    """Have people decide for as long as the block lasts."""
    people = [Receptionist(name, running.client(name), seed) for name in names]
    for person in people:
        person.start()
    try:
        yield people
    finally:
        for person in people:
            person.over.set()
        for person in people:
            person.join()
