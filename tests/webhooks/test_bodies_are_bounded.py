"""No body makes the intake hold much, or wait long."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import encode, post, post_now
from webhooks import bodies
from webhooks import intake as intake_module
from webhooks.intake import Intake
from webhooks.models import Delivery

pytestmark = pytest.mark.control("W10")


def padded(length: int) -> bytes:
    told = encode(body(item(new_call(), note="")))
    return told.replace(b'"note": ""', b'"note": "' + b"x" * (length - len(told)) + b'"')


@pytest.mark.case(9)
def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(intake: Intake, issuer: Issuer) -> None:
    longest = padded(bodies.LONGEST_BODY)
    assert len(longest) == bodies.LONGEST_BODY
    assert post_now(intake, longest, issuer.token()).status == 202
    assert post_now(intake, padded(bodies.LONGEST_BODY + 1), issuer.token()).status == 413
    assert Delivery.objects.count() == 1


@pytest.mark.case(9)
def test_five_megabytes_are_let_pass_by_without_being_kept(intake: Intake, issuer: Issuer) -> None:
    assert post_now(intake, b"[" * 5_000_000, issuer.token()).status == 413


def test_a_length_that_is_beyond_all_reason_is_refused_unread(intake: Intake, issuer: Issuer) -> None:
    answer = post_now(intake, b"", issuer.token(), ("content-length", "99999999"))
    assert (answer.status, answer.taken, answer.headers["connection"]) == (413, 0, "close")


def test_chunks_without_end_are_cut_off(intake: Intake, issuer: Issuer) -> None:
    async def endless() -> AsyncIterator[dict[str, Any]]:
        while True:
            yield {"type": "http.request", "body": b"x" * 65536, "more_body": True}

    answer = post_now(intake, endless(), issuer.token())
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_dripping_body_is_cut_off(intake: Intake, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "BODY_SECONDS", 0.05)

    async def dripping() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.Event().wait()

    answer = post_now(intake, dripping(), issuer.token())
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_sender_that_goes_leaves_nothing(intake: Intake, issuer: Issuer) -> None:
    async def broken() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": encode(body(item(new_call())))[:50], "more_body": True}
        yield {"type": "http.disconnect"}

    assert post_now(intake, broken(), issuer.token()).status == 0
    assert not Delivery.objects.exists()
    assert intake.in_flight == 0


def test_more_items_than_any_notification_has_are_refused(intake: Intake, issuer: Issuer) -> None:
    assert post_now(intake, body(*[1] * (bodies.MOST_ITEMS + 1)), issuer.token()).status == 413
    assert not Delivery.objects.exists()


def test_no_more_requests_than_allowed_are_held(
    intake: Intake, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MOST_IN_FLIGHT", 3)
    token = issuer.token()

    async def crowd() -> list[int]:
        release = asyncio.Event()

        async def held() -> AsyncIterator[dict[str, Any]]:
            await release.wait()
            yield {"type": "http.request", "body": encode(body(item(new_call())))}

        waiting = [asyncio.create_task(post(intake, held(), token)) for _ in range(3)]
        await asyncio.sleep(0)
        one_more = await post(intake, body(item(new_call())), token)
        release.set()
        return [one_more.status, *(answer.status for answer in await asyncio.gather(*waiting))]

    assert asyncio.run(crowd()) == [503, 202, 202, 202]
