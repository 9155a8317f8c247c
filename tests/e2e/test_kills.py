"""Two hundred calls while worker and web are killed with -9 again and again.

What was acknowledged is there, what the portal knows ends as in the simulator, and nothing takes effect twice.
"""

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any

import pytest
import requests

from tests.e2e.running import Demo, Portal, wait_for

CALLS, RATE = 200, 5
LEAST_KILLS = 6
SEED = int(os.environ.get("KILL_SEED", "20261121"))
DECISIONS = ("answer", "reject", "redirect")
pytestmark = pytest.mark.timeout(600)


@pytest.mark.case(12)
@pytest.mark.case(41)
@pytest.mark.parametrize("retries", [0, 10], ids=["no-retries", "callback-retries"])
def test_kills_lose_nothing_and_double_nothing(own_demo: Callable[..., Demo], retries: int) -> None:
    running = own_demo().start()
    rita = running.client("rita")
    running.simulator("PUT", "/api/faults", {"seed": SEED, "callback_retries": retries})
    with deciding(rita, SEED) as decided:
        running.simulator("POST", "/api/load", {"rate": RATE, "count": CALLS, "to": "main"})
        kills = kill_while_it_rings(running, Random(SEED))
        wait_for(running.is_ready, "readiness")
    assert decided["202"] > 0
    assert kills >= LEAST_KILLS
    wait_for(lambda: is_quiet(running), "end of all work", 240)

    assert lost(running) == set()
    assert dead(running) == []
    assert differences(running, rita.calls()) == {}
    assert doubled(running) == {}
    assert unsettled(running) == []
    if retries:
        assert unknown(running, rita.calls()) == {}


def kill_while_it_rings(running: Demo, random: Random) -> int:
    """Kill web or worker, let it come back, and so on until the last ring; return how often.

    Web is let come back so far that it answers: Microsoft's patience is limited, too.
    """
    pause, kills = threading.Event(), 0
    while len(rings(running)) < CALLS:
        pause.wait(random.uniform(0.2, 2.0))
        name = random.choice(("web", "worker"))
        killed = running.kill(name)
        kills += 1
        wait_for(lambda name=name, killed=killed: running.pids().get(name) not in (None, killed), f"new {name}")
        wait_for(running.answers, "answer")
    return kills


@contextmanager
def deciding(rita: Portal, seed: int) -> Iterator[Counter[str]]:
    """Decide calls as a hasty receptionist does, asking again with the same key when no answer came."""
    over, counts, random = threading.Event(), Counter[str](), Random(seed)

    def decide() -> None:
        while not over.wait(0.2):
            try:
                ringing = [
                    call for call in rita.get("calls/", live="true")["results"] if call["lane"] == "ringing"
                ]
                for call in random.sample(ringing, min(2, len(ringing))):
                    counts[ask(rita, call, random)] += 1
            except (requests.RequestException, AssertionError):
                counts["no answer"] += 1

    thread = threading.Thread(target=decide)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def ask(rita: Portal, call: dict[str, Any], random: Random) -> str:
    """Ask for one decision, twice if need be; return the status."""
    path, body = random.choice((("redirect", {}), ("reject", {"reason": "busy"}), ("answer", {})))
    key = {"Idempotency-Key": f"{call['id']}-{path}"}
    for _ in range(3):
        try:
            answer = rita.session.post(
                f"{rita.url}/calls/{call['id']}/{path}/", json=body, headers=key, timeout=10
            )
        except requests.RequestException:
            continue
        if answer.status_code < 500:
            return str(answer.status_code)
    return "no answer"


def notified(running: Demo) -> list[dict[str, Any]]:
    """Return every attempt of the simulator to notify, with its outcome."""
    return running.simulator("GET", "/api/deliveries")["results"]


def rings(running: Demo) -> list[dict[str, Any]]:
    """Return one attempt for every call that came in."""
    created = [entry for entry in notified(running) if entry["change"] == "created"]
    return list({entry["call"]: entry for entry in created}.values())


def unknown(running: Demo, calls: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the calls of which the portal never heard, with the answers to their first notification."""
    known, missed = {call["graph_id"] for call in calls}, {}
    for entry in notified(running):
        if entry["change"] == "created" and entry["call"] not in known:
            missed.setdefault(entry["call"], []).append(entry["status"])
    return missed


def requests_to_graph(running: Demo) -> list[dict[str, Any]]:
    """Return what the portal asked of the simulator."""
    return running.simulator("GET", "/api/requests")["results"]


@contextmanager
def database(running: Demo) -> Iterator[sqlite3.Connection]:
    """Read the demo's database from outside."""
    with closing(sqlite3.connect(f"file:{running.folder}/portal.sqlite3?mode=ro", uri=True, timeout=30)) as found:
        yield found


def rows(running: Demo, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with database(running) as found:
        return found.execute(statement).fetchall()


def is_quiet(running: Demo) -> bool:
    """Tell whether nothing rings and no work is left."""
    live = rows(running, "select id from calls_call where state <> 'terminated' and established_at is null")
    deliveries = rows(running, "select id from webhooks_delivery where status = 'pending'")
    operations = rows(running, "select id from calls_operation where status = 'pending'")
    return not (live or deliveries or operations)


def lost(running: Demo) -> set[str]:
    """Return the messages that were answered 202 and are not stored."""
    acknowledged = {entry["message_id"] for entry in notified(running) if entry["status"] == 202}
    return acknowledged - {key for (key,) in rows(running, "select message_key from webhooks_delivery")}


def dead(running: Demo) -> list[tuple[Any, ...]]:
    """Return deliveries that could not be applied."""
    return rows(running, "select id, error from webhooks_delivery where status = 'dead'")


def unsettled(running: Demo) -> list[tuple[Any, ...]]:
    """Return operations whose outcome the portal does not know though the simulator was there all the time."""
    return rows(running, "select id, kind, error_detail from calls_operation where status = 'pending'")


def differences(running: Demo, calls: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the calls whose state differs from the simulator's, with both states."""
    assert calls
    theirs = {
        call["graph_id"]: running.simulator("GET", f"/api/calls/{call['graph_id']}")["state"] for call in calls
    }
    return {
        call["graph_id"]: (call["state"], theirs[call["graph_id"]])
        for call in calls
        if call["state"] != theirs[call["graph_id"]]
    }


def doubled(running: Demo) -> dict[str, list[str]]:
    """Return the calls on which more than one decision, or the same request twice, took effect."""
    effects: dict[str, list[str]] = {}
    for asked in requests_to_graph(running):
        if asked["effect"] and asked["method"] in ("POST", "DELETE") and asked["action"] != "keepAlive":
            effects.setdefault(asked["call"], []).append(asked["action"])
    return {
        call: actions
        for call, actions in effects.items()
        if len(actions) != len(set(actions)) or sum(action in DECISIONS for action in actions) > 1
    }
