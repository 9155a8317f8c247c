"""Bodies without an end, far too long or dripping, many at once at a real server: cut off, and little is held."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.graph.fake_service import Authority
from tests.webhooks.flooding import Sender
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import PATH, encode
from tests.webhooks.processes import Server
from tests.webhooks.serving import SERVERS, serving
from webhooks import bodies
from webhooks.models import Delivery

AT_ONCE = 30
MEGABYTE = 1024 * 1024
PART = b"x" * 65536
CHUNK = b"10000\r\n" + PART + b"\r\n"
LONG = 5 * MEGABYTE  # the application lets 8 MB pass
pytestmark = [pytest.mark.control("W10"), pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

Story = Callable[[int, str, asyncio.Barrier], Awaitable[int]]


async def endless(port: int, token: str, all_are_here: asyncio.Barrier) -> int:
    """Send chunk after chunk, and wait for the others when 5 MB would be in memory if they were kept."""
    sender = Sender(port)
    await sender.begin(f"Authorization: Bearer {token}", "Transfer-Encoding: chunked")
    for _ in range(LONG // len(PART)):
        await sender.send(CHUNK)
    await all_are_here.wait()
    while await sender.send(CHUNK):
        continue
    return await sender.end()


async def dripping(port: int, token: str, all_are_here: asyncio.Barrier) -> int:
    """Send as much as is kept of a body, and then nothing more."""
    sender = Sender(port)
    await sender.begin(f"Authorization: Bearer {token}", f"Content-Length: {bodies.LONGEST_BODY}")
    await sender.send(b"x" * (bodies.LONGEST_BODY - 1))
    await all_are_here.wait()
    return await sender.end()


async def beyond_all_reason(port: int, token: str, all_are_here: asyncio.Barrier) -> int:
    """Announce a gigabyte."""
    sender = Sender(port)
    await sender.begin(f"Authorization: Bearer {token}", f"Content-Length: {1024 * MEGABYTE}")
    await all_are_here.wait()
    return await sender.end()


STORIES: dict[str, tuple[Story, set[int]]] = {
    "endless": (endless, {413, 408, 0}),  # 0: closed while it still sent, so that the answer was lost
    "dripping": (dripping, {408}),
    "beyond all reason": (beyond_all_reason, {413}),
}


async def all_at_once(story: Story, port: int, token: str) -> list[int]:
    """Tell one story by many connections; return how each ended."""
    barrier = asyncio.Barrier(AT_ONCE)
    return list(await asyncio.gather(*(story(port, token, barrier) for _ in range(AT_ONCE))))


@pytest.mark.case(9)
@pytest.mark.parametrize("kind", SERVERS)
def test_each_is_cut_off_and_holds_less_than_a_megabyte(
    kind: str, signer: tuple[Issuer, Authority], tmp_path: Path
) -> None:
    token = signer[0].token()
    with serving(kind, signer, tmp_path) as server:
        for name, (story, expected) in STORIES.items():
            before = server.forget_the_most()
            found = asyncio.run(all_at_once(story, server.port, token))
            held = (server.memory("VmHWM") - before) / AT_ONCE
            assert set(found) <= expected, f"{name}: {found}"
            assert held < MEGABYTE, f"{name}: {held:.0f} bytes for each"
        server.wait_until(lambda: server.unnamed_files() == 0)
        assert server.send(PATH, encode(body(item(new_call()))), token)[0] == 202
        assert "Traceback" not in server.output()
    assert Delivery.objects.count() == 1


async def hold_files(server: Server, token: str) -> int:
    """Leave bodies unfinished; return how many files the server had open for them."""
    senders = [Sender(server.port) for _ in range(3)]
    for sender in senders:
        await sender.begin(f"Authorization: Bearer {token}", "Content-Length: 200001")
        await sender.send(b"x" * 200_000)
    async with asyncio.timeout(30):
        while (held := server.unnamed_files()) < len(senders):
            await asyncio.sleep(0.01)
    assert [await sender.end() for sender in senders] == [408] * 3
    return held


def test_daphne_spools_what_is_unfinished_and_lets_go_of_it(
    signer: tuple[Issuer, Authority], tmp_path: Path
) -> None:
    with serving("daphne", signer, tmp_path) as server:
        assert asyncio.run(hold_files(server, signer[0].token())) == 3
        server.wait_until(lambda: server.unnamed_files() == 0)
