"""Who is not shown to be Microsoft gets nothing read and nothing stored."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable

import jwt
import pytest

from tests.webhooks.issuer import AUDIENCE, OTHER_TENANT, TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(issuer: Issuer) -> str:
    return f"{part({'alg': 'none', 'kid': issuer.kid})}.{issuer.token().split('.')[1]}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, str(issuer.documents()["/keys"]) * 2, "HS256", headers={"kid": issuer.kid})


BAD: dict[str, Callable[[Issuer], str]] = {
    "empty": lambda issuer: "",
    "no token": lambda issuer: "abc",
    "unsigned": unsigned,
    "public key as secret": signed_with_the_public_key,
    "signature cut": lambda issuer: issuer.token()[:-4],
    "another key": lambda issuer: Issuer(kid=issuer.kid).token(),
    "unknown key id": lambda issuer: issuer.token(header={"kid": "other"}),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 120),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 120),
    "no expiry": lambda issuer: issuer.token(drop="exp"),
    "wrong audience": lambda issuer: issuer.token(aud="44444444-4444-4444-8444-444444444444"),
    "audience list": lambda issuer: issuer.token(aud=[AUDIENCE]),
    "wrong issuer": lambda issuer: issuer.token(iss="https://graph.microsoft.com.evil.example"),
    "no tenant": lambda issuer: issuer.token(drop="tid"),
    "empty tenant": lambda issuer: issuer.token(tid=""),
    "critical header": lambda issuer: issuer.token(header={"crit": ["x"], "x": 1}),
    "8 KB and more": lambda issuer: issuer.token(note="x" * 9000),
}


@pytest.mark.case(10)
@pytest.mark.control("W1")
@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_refused_unread(intake: Intake, issuer: Issuer, make: Callable[[Issuer], str]) -> None:
    answer = post_now(intake, body(item(new_call())), make(issuer))
    assert (answer.status, answer.body, answer.taken) == (401, b"", 0)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["connection"] == "close"
    assert not Delivery.objects.exists()


@pytest.mark.case(10)
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "Basic abc")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer {token}"), ("authorization", "Bearer {token}")],
    ],
)
def test_no_bearer_token_or_two_are_refused(
    intake: Intake, issuer: Issuer, headers: list[tuple[str, str]]
) -> None:
    sent = [(name, value.format(token=issuer.token())) for name, value in headers]
    assert post_now(intake, body(item(new_call())), None, *sent).status == 401


@pytest.mark.case(10)
@pytest.mark.control("W3")
def test_a_foreign_tenant_is_refused_unread(intake: Intake, issuer: Issuer) -> None:
    answer = post_now(intake, body(item(new_call())), issuer.token(tid=OTHER_TENANT))
    assert (answer.status, answer.taken, answer.body) == (403, 0, b"")
    assert not Delivery.objects.exists()


def test_the_scheme_is_read_in_any_case(intake: Intake, issuer: Issuer) -> None:
    header = ("authorization", f"bEARER  {issuer.token()}")
    assert post_now(intake, body(item(new_call())), None, header).status == 202


@pytest.mark.control("W4")
def test_the_tenant_stored_is_the_tokens(intake: Intake, issuer: Issuer) -> None:
    told = item(new_call(), tenantId=OTHER_TENANT)
    assert post_now(intake, body(told), issuer.token()).status == 202
    assert Delivery.objects.get().tenant_id == TENANT


@pytest.mark.control("R14")
@pytest.mark.case(11)
@pytest.mark.control("W8")
def test_without_keys_the_sender_is_asked_to_come_again_and_then_served(
    transactional_db: None, patience: None
) -> None:
    issuer = Issuer()
    issuer.is_down = True
    verifier = issuer.verifier()
    intake = Intake(verifier, Writer())
    token, told = issuer.token(), body(item(new_call()))
    answer = post_now(intake, told, token)
    assert (answer.status, answer.taken, answer.headers["retry-after"]) == (503, 0, "1")
    issuer.is_down = False
    assert verifier.warm(10)
    assert post_now(intake, told, token).status == 202
    intake.stop()


@pytest.mark.control("R14")
@pytest.mark.case(11)
@pytest.mark.control("W8")
def test_last_good_keys_still_count_when_their_host_is_down(transactional_db: None, patience: None) -> None:
    issuer = Issuer()
    intake = Intake(issuer.verifier(), Writer())
    issuer.is_down = True
    assert post_now(intake, body(item(new_call())), issuer.token(header={"kid": "new"})).status == 401
    assert post_now(intake, body(item(new_call())), issuer.token()).status == 202
    intake.stop()


@pytest.mark.case(10)
@pytest.mark.control("W7")
def test_a_flood_of_unknown_keys_fetches_each_document_once(transactional_db: None) -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    intake = Intake(verifier, Writer())
    issuer.fetched.clear()
    tokens = [issuer.token(header={"kid": f"k{n}"}) for n in range(50)]
    for token in tokens * 4:
        assert post_now(intake, b"", token).status == 401
    verifier.keys.stop()
    verifier.keys.refresh()
    assert len(issuer.fetched) <= 2  # the OpenID document and the keys it names
    intake.stop()


@pytest.mark.control("W9")
def test_a_flood_without_tokens_is_quiet_and_harms_nobody(
    intake: Intake, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token()

    async def flood() -> list[int]:
        trickle = []
        for round_ in range(20):
            refused = await asyncio.gather(*(post(intake, b"x" * 1000, f"junk-{n}") for n in range(100)))
            assert {(answer.status, answer.taken) for answer in refused} == {(401, 0)}
            trickle.append(await post(intake, body(item(new_call(), n=round_)), token))
        return [answer.status for answer in trickle]

    with caplog.at_level(logging.INFO):
        assert asyncio.run(flood()) == [202] * 20
    assert Delivery.objects.count() == 20
    assert len([r for r in caplog.records if r.name == "webhooks.intake"]) < 100
    assert not any("junk" in record.getMessage() for record in caplog.records)
