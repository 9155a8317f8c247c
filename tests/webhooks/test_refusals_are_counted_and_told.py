"""Who is turned away leaves a count and nothing else; a portal without keys says so to whoever looks after it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from calls.models import Call
from commsportal import worker
from tests.webhooks.issuer import OTHER_TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from tests.webhooks.test_posts_become_calls import figures
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer

BAD: dict[str, tuple[int, Callable[[Issuer], str | None]]] = {
    "missing": (401, lambda issuer: None),
    "expired": (401, lambda issuer: issuer.token(exp=int(time.time()) - 120)),
    "wrong audience": (401, lambda issuer: issuer.token(aud="44444444-4444-4444-8444-444444444444")),
    "wrong issuer": (401, lambda issuer: issuer.token(iss="https://evil.example")),
    "unknown key": (401, lambda issuer: issuer.token(header={"kid": "other"})),
    "no tenant": (401, lambda issuer: issuer.token(drop="tid")),
    "foreign tenant": (403, lambda issuer: issuer.token(tid=OTHER_TENANT)),
}


def counted(client: Client, status: int) -> float:
    """Return how many notifications have got this answer so far."""
    return figures(client).get(f'portal_intake_answers_total{{status="{status}"}}', 0.0)


@pytest.mark.case(10)
@pytest.mark.parametrize("name", BAD)
def test_who_is_not_microsoft_is_counted_and_leaves_nothing(
    intake: Intake, issuer: Issuer, client: Client, name: str
) -> None:
    status, make = BAD[name]
    before = counted(client, status)
    assert post_now(intake, body(item(new_call())), make(issuer)).status == status
    worker.run_pending()
    assert counted(client, status) == before + 1
    assert not (Delivery.objects.exists() or Call.objects.exists() or Entry.objects.exists())


@pytest.mark.case(11)
def test_a_cold_start_without_keys_is_503_with_an_alarm(
    transactional_db: None, patience: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer()
    issuer.is_down = True
    verifier = issuer.verifier()
    intake = Intake(verifier, Writer())
    before = counted(client, 503)
    with caplog.at_level(logging.ERROR):
        verifier.keys.start()
        verifier.keys.wait_tried(10)
    token = issuer.token()

    async def several() -> list[int]:
        answers = await asyncio.gather(*(post(intake, body(item(new_call())), token) for _ in range(5)))
        return [answer.status for answer in answers]

    assert asyncio.run(several()) == [503] * 5
    assert counted(client, 503) == before + 5
    alarms: list[Any] = [record for record in caplog.records if "signing keys cannot be read" in record.message]
    assert alarms and alarms[0].levelname == "ERROR" and issuer.openid_url in alarms[0].message
    verifier.keys.stop()
    intake.stop()
