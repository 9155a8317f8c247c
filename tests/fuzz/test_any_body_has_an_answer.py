"""Bodies with something wrong, by the thousand: refused or stored whole, never a failure and never half."""

import asyncio
import json
import random
import uuid
from typing import Any

import pytest
from django.test import Client

from commsportal.clock import now
from directory import tokens
from tests.directory.world import World, make_world, target
from tests.fuzz import mutations
from tests.fuzz.conftest import EXAMPLES, SEED
from tests.tried import Count
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post
from tests.webhooks.test_odd_bodies import BODIES, spelled
from webhooks import bodies
from webhooks.intake import Intake
from webhooks.invariants import TONE
from webhooks.models import Delivery, Subscription
from webhooks.renewal import digest

pytestmark = pytest.mark.control("W10")
NOTIFICATIONS = EXAMPLES * 13  # 10,400 in `make fuzz`
REQUESTS = EXAMPLES
AT_ONCE = 50
TAKEN, REFUSED, NOTHING = 202, (400, 413), 204
ANSWERS = (200, 202, 400, 403, 404, 409, 413, 422)


def real_ones() -> list[Any]:
    """Return whole notifications, such as Microsoft sends."""
    call = new_call()
    tone = item(call, "established", "updated")
    tone["resourceData"]["toneInfo"] = {"sequenceId": 1, "tone": "tone5"}
    caller = {"identity": {"user": {"id": new_call(), "displayName": "Ähnlich"}}, "languageId": "de"}
    ring = item(call)
    ring["resourceData"]["source"] = caller
    roster = item(call) | {"resourceData": [{"id": "p", "info": caller, "mediaStreams": [{"mediaType": "audio"}]}]}
    return [body(ring), body(tone), body(ring, tone, roster), body(item(call, "terminated", "deleted"), roster)]


async def answers_to(intake: Intake, token: str, sent: list[bytes]) -> list[int]:
    """Post all of them, some at once; return the statuses."""
    told: list[int] = []
    for start in range(0, len(sent), AT_ONCE):
        posts = [
            post(intake, one, token, ("X-Microsoft-Skype-Message-ID", uuid.uuid4().hex))
            for one in sent[start : start + AT_ONCE]
        ]
        told += [answer.status for answer in await asyncio.gather(*posts)]
    return told


def test_the_intake_stores_whole_items_or_nothing(intake: Intake, issuer: Issuer, tried: Count) -> None:
    chance, real = random.Random(SEED), real_ones()
    corpus = [spelled(entry) for entry in BODIES if len(spelled(entry)) < 10_000]
    sent = [mutations.whole(chance.choice(real), chance) for _ in range(NOTIFICATIONS)]
    sent += [chance.choice(mutations.BYTES)(chance.choice(corpus) or b"{}", chance) for _ in range(EXAMPLES)]
    told = asyncio.run(answers_to(intake, issuer.token(), sent))
    tried("body mutations", len(told))
    assert {status: sent[told.index(status)] for status in set(told) - {TAKEN, NOTHING, *REFUSED}} == {}
    stored = Delivery.objects.values_list("body", flat=True)
    assert len(stored) == sum(items_of(one) for one, status in zip(sent, told, strict=True) if status == TAKEN)
    assert [text for text in stored if not is_sound(text)] == []


def items_of(sent: bytes) -> int:
    """Return how many items there are in what was taken."""
    return len(bodies.parse(sent))


def is_sound(text: str) -> bool:
    """Tell whether what was stored is JSON that a database and a worker can take, without a tone."""
    return json.loads(text) is not Ellipsis and "\\u0000" not in text.replace("\\\\", "") and not TONE.search(text)


@pytest.mark.django_db
def test_an_action_answers_what_is_documented(client: Client, tried: Count, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    chance, world = random.Random(SEED), make_world()
    headers = {"Authorization": f"Bearer {tokens.issue(world.users['rita'], 'odd')}"}
    for _ in range(REQUESTS):
        action, good = chance.choice(requests_of(world))
        sent = mutations.whole(good, chance)
        path = f"/api/v1/calls/{world.call.pk}/{action}/" if action else "/api/v1/calls/"
        answer = client.post(path, data=sent, content_type="application/json", headers=headers)
        tried("body mutations")
        assert answer.status_code in ANSWERS, f"{action} {sent!r}"


@pytest.mark.control("W13")
@pytest.mark.django_db
def test_notifications_of_changes_are_stored_whole_or_refused(client: Client, tried: Count) -> None:
    chance, world = random.Random(SEED), make_world()
    held: Subscription = world.rows["webhooks_subscription"]
    Subscription.objects.filter(pk=held.pk).update(
        graph_id=str(held.pk), state_digest=digest("secret"), expires_at=now(), asked=True
    )
    data = {"@odata.type": "#Microsoft.Graph.Event", "id": "AAMk1=", "@odata.etag": 'W/"k"'}
    one = {"subscriptionId": str(held.pk), "clientState": "secret", "tenantId": held.tenant_id}
    changed = one | {"changeType": "updated", "resource": "Users/1/Events/AAMk1=", "resourceData": data}
    real: list[Any] = [{"value": [changed]}, {"value": [changed, one | {"lifecycleEvent": "missed"}, changed]}]
    before, told = Delivery.objects.count(), []
    for _ in range(REQUESTS * 4):
        sent = mutations.whole(chance.choice(real), chance)
        told.append(
            client.post("/webhooks/graph/changes/", data=sent, content_type="application/json").status_code
        )
        tried("body mutations")
    assert set(told) <= {202, 400, 403, 413}
    stored = Delivery.objects.filter(kind="change").values_list("body", flat=True)
    assert Delivery.objects.count() - before == len(stored) >= told.count(202)
    assert [text for text in stored if not is_sound(text) or "clientState" in text] == []


def requests_of(world: World) -> list[tuple[str, Any]]:
    """Return actions with bodies that they take."""
    someone = {"kind": "phone", "id": "+14255550123"}
    return [
        ("redirect", {"targets": [target(), someone], "timeout": 30, "fence": 0}),
        ("transfer", {"target": target(), "fence": 0}),
        ("reject", {"reason": "busy", "fence": 0}),
        ("claim", {"fence": 0}),
        ("", {"line": world.clinic.pk, "targets": [target(), someone]}),
        ("", {"line": world.clinic.pk, "meeting": {"id": "123 456 789", "passcode": "a1B2c3"}}),
        ("", {"line": world.clinic.pk, "meeting": {"link": "https://teams.microsoft.com/meet/123456789?p=a"}}),
    ]
