"""Coroutines that are begun at once and go on only if they have to wait."""

import asyncio

import pytest

from commsportal.eager import Begun


class Broken(Exception):
    """Raised on the way."""


def test_what_has_nothing_to_wait_for_is_done() -> None:
    async def quick() -> int:
        return 7

    begun = Begun(quick())
    assert (begun.is_done, begun.result) == (True, 7)


def test_what_it_raises_is_raised() -> None:
    async def broken() -> None:
        raise Broken

    with pytest.raises(Broken):
        Begun(broken())


def test_what_waits_goes_on_where_it_waits() -> None:
    async def run() -> tuple[bool, list[str]]:
        gate, steps = asyncio.Event(), []

        async def slow() -> str:
            steps.append("begun")
            await gate.wait()
            await asyncio.sleep(0)
            return "ended"

        begun = Begun(slow())
        was_done = begun.is_done
        asyncio.get_running_loop().call_soon(gate.set)
        steps.append(await begun.rest())
        return was_done, steps

    assert asyncio.run(run()) == (False, ["begun", "ended"])


def test_who_stops_waiting_ends_it() -> None:
    async def run() -> list[str]:
        steps = []

        async def endless() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                steps.append("cleared up")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await Begun(endless()).rest()
        return steps

    assert asyncio.run(run()) == ["cleared up"]
