"""Many costly searches beside the intake, at a real server: notifications are answered, searches are or end."""

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from calls.models import Call
from commsportal.clock import now
from directory import tokens
from tests.graph.fake_service import Authority
from tests.invariants import QUEUE
from tests.people import make_user
from tests.webhooks.issuer import TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import PATH, encode
from tests.webhooks.processes import Server
from tests.webhooks.serving import serving
from webhooks.models import Delivery

CALLS, LETTERS = 40_000, 256
SEARCHERS, SEARCHES, ALLOWED = 4, 20, 15
NOTIFICATIONS = 30
COSTLY = quote("a" * 99 + "b")  # each letter of a text of nothing but a begins to look like it
pytestmark = [
    pytest.mark.control("H7"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("costly"),
    pytest.mark.timeout(180),
]


@pytest.fixture
def costly(transactional_db: None) -> None:
    """Fill the history with calls that take long to look through."""
    at = now()
    over = {"direction": "incoming", "state": "terminated", "received_at": at, "last_seen_at": at, "ended_at": at}
    name = {"tenant_id": TENANT, "caller_name": "a" * LETTERS}
    Call.objects.bulk_create((Call(**over, **name) for _ in range(CALLS)), batch_size=2000)


def waiting(server: Server) -> dict[str, float]:
    """Return what waits in the server's memory, without the question for it."""
    told = {name: float(length) for name, length in QUEUE.findall(server.ask("GET", "/metrics")[1].decode())}
    return {name: length for name, length in told.items() if length > (name == "requests")}


def searching(server: Server, key: str) -> list[tuple[int, str]]:
    """Send as many searches as one person may, and some more; return what became of each."""

    def ask(_: int) -> tuple[int, str]:
        own = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        own.request("GET", f"/api/v1/calls/?q={COSTLY}", headers={"Authorization": f"Bearer {key}"})
        answer = own.getresponse()
        told = json.loads(answer.read())
        own.close()
        return answer.status, told.get("code", "")

    with ThreadPoolExecutor(SEARCHES) as pool:
        return list(pool.map(ask, range(SEARCHES)))


def notifying(server: Server, token: str, while_: threading.Event) -> list[int]:
    """Post notifications one after the other, as long as `while_` is not set but a number of them at least."""
    answers: list[int] = []
    while len(answers) < NOTIFICATIONS or not while_.is_set():
        raw = encode(body(item(new_call())))
        answers.append(server.ask("POST", PATH, raw, Authorization=f"Bearer {token}")[0])
    return answers


def test_searches_end_and_the_intake_does_not_notice(signer: tuple[Issuer, Authority], tmp_path: Path) -> None:
    keys = [tokens.issue(make_user(name)) for name in ("ada", "una", "max", "rita")]
    settings: dict[str, Any] = {"WEB_STATEMENT_SECONDS": "1", "API_REQUESTS_PER_MINUTE": str(ALLOWED)}
    with serving("uvicorn", signer, tmp_path, **settings) as server, ThreadPoolExecutor(SEARCHERS + 1) as pool:
        searched = threading.Event()
        answers = pool.submit(notifying, server, signer[0].token(), searched)
        searches = [pool.submit(searching, server, key) for key in keys]
        found = Counter(told for search in searches for told in search.result())
        searched.set()
        # Where others load the machine, too, a commit may be late now and then; who is told 503 comes again.
        told = Counter(answers.result())
        assert told.keys() <= {202, 503} and told[503] <= told[202] / 10, told
        assert found.keys() <= {(200, ""), (429, "throttled"), (503, "unavailable")}
        assert found[503, "unavailable"] > 0, "the searches were not costly enough to show anything"
        server.wait_until(lambda: not waiting(server))
        other = tokens.issue(make_user("omar"))
        assert server.ask("GET", "/api/v1/me/", Authorization=f"Bearer {other}")[0] == 200
    assert told[202] <= Delivery.objects.count() <= told.total()
