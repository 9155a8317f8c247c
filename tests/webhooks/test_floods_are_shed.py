"""A flood of unsigned requests at a real server: signed ones pass beside it, and it leaves nothing behind."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.fake_service import Authority
from tests.webhooks.flooding import refused
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import PATH, encode
from tests.webhooks.processes import Server
from tests.webhooks.serving import SERVERS, serving
from webhooks.models import Delivery

FLOOD = int(os.environ.get("FLOOD", "2400"))  # 20,000 take some minutes
FIRST = 600  # before it, after which a server has grown to its size
AT_ONCE = 6  # daphne takes up to 4 MB for each, sooner or later
LONGEST_LOG = 100
# To keep what belongs to one request takes 20 KB, its body 150 KB; all of them 48 and 360 MB. What daphne takes
# beside that depends on how fast they come: 50 to 150 MB.
MOST_GROWTH = {"uvicorn": 16 * 1024 * 1024, "daphne": 240 * 1024 * 1024}
BODY = b'{"value": ["' + b"x" * 150_000 + b'"]}'  # daphne spools what is longer than 100 KB
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def unsigned(count: int) -> Iterator[tuple[str, ...]]:
    """Yield headers without a token, and with tokens that nobody signed."""
    for number in range(count):
        token = f"e30.e30.{number:06}{'x' * 6000}"
        yield ("Connection: close", *([f"Authorization: Bearer {token}"] if number % 2 else []))


async def flood(server: Server, token: str) -> tuple[list[int], list[int]]:
    """Send the flood and, one after the other as long as it lasts, signed notifications; return both answers.

    Who sends those comes again when a busy machine has a commit late, as Microsoft does.
    """
    over = asyncio.Event()

    async def trickle() -> list[int]:
        answers = []
        while not over.is_set():
            raw = encode(body(item(new_call())))
            answer = await asyncio.to_thread(server.send, PATH, raw, token)
            answers.append(answer[0])
        return answers

    trickling = asyncio.create_task(trickle())
    answers = await refused(server.port, unsigned(FLOOD), BODY, AT_ONCE)
    over.set()
    return answers, await trickling


@pytest.mark.control("W9")
@pytest.mark.parametrize("kind", SERVERS)
def test_the_signed_pass_and_nothing_of_the_others_stays(
    kind: str, signer: tuple[Issuer, Authority], tmp_path: Path
) -> None:
    with serving(kind, signer, tmp_path) as server:
        asyncio.run(refused(server.port, unsigned(FIRST), BODY, AT_ONCE))
        before, stored = server.forget_the_most(), Delivery.objects.count()
        answers, trickle = asyncio.run(flood(server, signer[0].token()))
        server.wait_until(lambda: server.unnamed_files() == 0)
        growth = server.memory("VmHWM") - before
        counted = server.ask("GET", "/metrics")[1].decode()
        log = server.output()
    assert set(answers) <= {401, 0} and len(answers) == FLOOD, Counter(answers)  # 0: closed while it still sent
    assert len(trickle) > 10 and set(trickle) == {202}
    assert (stored, Delivery.objects.count()) == (0, len(trickle))
    assert f'portal_intake_answers_total{{status="401"}} {FLOOD + FIRST}.0' in counted
    assert 0 < log.count("notification refused") < LONGEST_LOG and len(log.splitlines()) < 2 * LONGEST_LOG
    assert growth < MOST_GROWTH[kind], f"{growth / FLOOD:.0f} bytes for each request"
