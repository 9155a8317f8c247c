"""Who is not shown to be Microsoft gets nothing read and nothing stored."""

import asyncio
import logging

import pytest

from tests.tokens import CORPUS
from tests.webhooks.issuer import OTHER_TENANT, TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer


@pytest.mark.case(10)
@pytest.mark.control("W1")
@pytest.mark.control("W2")
@pytest.mark.control("W3")
def test_a_bad_token_is_refused_unread(intake: Intake, issuer: Issuer) -> None:
    told = body(item(new_call()))
    for entry in CORPUS:
        token = issuer.mint().token(entry).encode("utf-8", "surrogatepass").decode("latin-1")
        if token != token.strip():
            continue  # blanks around a header's value are no part of it
        answer = post_now(intake, told, token)
        assert (answer.status, answer.body, answer.taken) == (entry["expected"], b"", 0), entry["name"]
        assert answer.headers["connection"] == "close", entry["name"]
        assert (answer.headers.get("www-authenticate") == "Bearer") is (answer.status == 401), entry["name"]
    assert not Delivery.objects.exists()
    assert post_now(intake, told, issuer.mint().token()).status == 202


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
