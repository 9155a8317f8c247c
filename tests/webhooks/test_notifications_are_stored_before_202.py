"""What is stored of a notification, and what answer it gets."""

import asyncio
import json

import orjson
import pytest
from prometheus_client import REGISTRY

from tests.webhooks.issuer import TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Outcome


def test_an_incoming_call_is_stored_with_what_is_needed_to_apply_it(intake: Intake, issuer: Issuer) -> None:
    call = new_call()
    headers = [("X-Microsoft-Skype-Message-ID", "m-1"), ("Scenario-Id", "s-1")]
    answer = post_now(intake, body(item(call)), issuer.token(), *headers, query="t=abc&x=1")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (202, b"", "0")
    stored = Delivery.objects.get()
    assert (stored.tenant_id, stored.message_key, stored.index) == (TENANT, "m-1", 0)
    assert (stored.call_key, stored.is_ring, stored.scenario_id) == (call, True, "s-1")
    assert stored.hints == {"t": "abc", "x": "1"}
    assert stored.item == item(call)
    assert (stored.status, stored.due_at, stored.attempts) == ("pending", stored.received_at, 0)


@pytest.mark.case(1)
@pytest.mark.control("W6")
def test_the_connection_is_there_before_the_first_notification(intake: Intake) -> None:
    asyncio.run(intake.start())
    assert asyncio.run(intake.writer.store([])) is Outcome.STORED


def test_the_same_post_again_is_acknowledged_and_counted(intake: Intake, issuer: Issuer) -> None:
    token, told = issuer.token(), body(item(new_call()))
    for _ in range(3):
        assert post_now(intake, told, token, ("X-Microsoft-Skype-Message-ID", "same")).status == 202
    assert Delivery.objects.get().duplicates == 2


def test_without_a_message_id_the_body_is_its_own_name(intake: Intake, issuer: Issuer) -> None:
    call = new_call()
    for told in (body(item(call)), body(item(call)), body(item(call, "terminated", "deleted"))):
        assert post_now(intake, told, issuer.token()).status == 202
    assert sorted(Delivery.objects.values_list("duplicates", flat=True)) == [0, 1]


def test_a_message_id_that_is_too_long_is_shortened_and_still_recognised(intake: Intake, issuer: Issuer) -> None:
    for call in (new_call(), new_call()):
        answer = post_now(intake, body(item(call)), issuer.token(), ("X-Microsoft-Skype-Message-ID", "m" * 200))
        assert answer.status == 202
    assert Delivery.objects.get().duplicates == 1


def test_repetitions_in_the_same_commit_are_counted(intake: Intake, issuer: Issuer) -> None:
    token, told = issuer.token(), body(item(new_call()))

    async def all_at_once() -> list[int]:
        answers = [post(intake, told, token, ("X-Microsoft-Skype-Message-ID", "same")) for _ in range(20)]
        return [answer.status for answer in await asyncio.gather(*answers)]

    assert set(asyncio.run(all_at_once())) == {202}
    assert Delivery.objects.get().duplicates == 19


def test_many_posts_in_flight_share_commits_and_lose_nothing(intake: Intake, issuer: Issuer) -> None:
    token, calls = issuer.token(), [new_call() for _ in range(300)]

    async def all_at_once() -> list[int]:
        answers = await asyncio.gather(*(post(intake, body(item(call)), token) for call in calls))
        return [answer.status for answer in answers]

    assert set(asyncio.run(all_at_once())) == {202}
    assert set(Delivery.objects.values_list("call_key", flat=True)) == set(calls)


@pytest.mark.case(5)
def test_each_item_is_a_delivery_in_its_order_even_a_malformed_one(intake: Intake, issuer: Issuer) -> None:
    first, second = new_call(), new_call()
    told = body(item(first), "not an object", item(second, "established", "updated"), None)
    assert post_now(intake, told, issuer.token()).status == 202
    stored = Delivery.objects.order_by("pk").values_list("index", "call_key", "is_ring")
    assert list(stored) == [(0, first, True), (1, "", False), (2, second, False), (3, "", False)]


@pytest.mark.case(6)
@pytest.mark.parametrize(
    "data",
    [
        [{"@odata.type": "#microsoft.graph.call", "state": "established"}],
        {"@odata.type": "#microsoft.graph.call", "state": "unknownFutureValue"},
        {"@odata.type": "#microsoft.graph.neverHeardOf", "state": "ringing"},
        None,
        17,
        [],
    ],
)
def test_odd_resource_data_is_stored(intake: Intake, issuer: Issuer, data: object) -> None:
    call = new_call()
    assert post_now(intake, body(item(call, resourceData=data)), issuer.token()).status == 202
    assert Delivery.objects.get().call_key == call


@pytest.mark.case(7)
@pytest.mark.parametrize("prefix", ["/app/calls/", "/communications/calls/", "communications/Calls/"])
def test_ids_in_any_spelling_are_one_call(intake: Intake, issuer: Issuer, prefix: str) -> None:
    call = new_call()
    shouted = call.replace("-", "").upper()
    told = item(call, resourceUrl=f"{prefix}{shouted}", resourceData={"state": "established"})
    assert post_now(intake, body(told), issuer.token()).status == 202
    assert Delivery.objects.get().call_key == call


@pytest.mark.case(8)
def test_the_legacy_format_is_acknowledged_and_its_repetition_in_graphs_stored(
    intake: Intake, issuer: Issuer
) -> None:
    assert post_now(intake, {"id": "x", "state": "incoming"}, issuer.token()).status == 204
    assert not Delivery.objects.exists()
    assert post_now(intake, body(item(new_call())), issuer.token()).status == 202
    assert Delivery.objects.count() == 1


@pytest.mark.case(9)
@pytest.mark.parametrize(
    "raw", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b" \xef\xbb\xbf", b" \xef\xbb\xbf\t "]
)
def test_an_empty_body_is_acknowledged(intake: Intake, issuer: Issuer, raw: bytes) -> None:
    assert post_now(intake, raw, issuer.token()).status == 204
    assert not Delivery.objects.exists()


@pytest.mark.case(9)
@pytest.mark.parametrize(("raw", "why"), [(b"", "empty"), (b'{"callState": "incoming"}', "legacy")])
def test_what_is_acknowledged_without_being_stored_is_counted(
    intake: Intake, issuer: Issuer, raw: bytes, why: str
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("portal_intake_nothing_stored_total", {"why": why}) or 0

    before = counted()
    assert post_now(intake, raw, issuer.token()).status == 204
    assert post_now(intake, raw, "junk").status == 401
    assert counted() == before + 1


def test_an_empty_list_is_acknowledged_and_stores_nothing(intake: Intake, issuer: Issuer) -> None:
    assert post_now(intake, body(), issuer.token()).status == 202
    assert not Delivery.objects.exists()


@pytest.mark.case(9)
@pytest.mark.control("W10")
@pytest.mark.parametrize(
    "raw",
    [
        b"hello",
        b"[]",
        b"17",
        b'"value"',
        b"null",
        b"{",
        b'{"value": {}}',
        b'{"value": null}',
        b'{"value": "x"}',
        b'{"value": [' + b"9" * 5000 + b"]}",
        b'{"value": ' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"value": [' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"]}",
        b'{"value": [NaN]}',
        b'{"value": ["\x00"]}',
        b"\xff\xfe\x00",
    ],
)
def test_anything_else_is_refused(intake: Intake, issuer: Issuer, raw: bytes) -> None:
    assert post_now(intake, raw, issuer.token()).status == 400
    assert not Delivery.objects.exists()


def test_brackets_inside_strings_are_not_depth(intake: Intake, issuer: Issuer) -> None:
    assert post_now(intake, body(item(new_call(), note="[{" * 500)), issuer.token()).status == 202


@pytest.mark.case(9)
@pytest.mark.control("W10")
@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("Windows-1252", "utf-8"), ("Windows-1252", "windows-1252"), ("nonsense", "utf-8"), ("", "windows-1252"),
     ("utf-8", "utf-8-sig"), ("utf-16", "utf-16")],
)  # fmt: skip
def test_a_wrong_charset_costs_no_call(intake: Intake, issuer: Issuer, charset: str, encoding: str) -> None:
    raw = json.dumps(body(item(new_call(), note="Zoë")), ensure_ascii=False).encode(encoding)
    header = ("content-type", f"application/json; charset={charset}")
    assert post_now(intake, raw, issuer.token(), header).status == 202
    assert Delivery.objects.get().item["note"] == "Zoë"


@pytest.mark.control("W10")
def test_nul_and_half_pairs_are_replaced_and_the_rest_kept(intake: Intake, issuer: Issuer) -> None:
    odd = rb'"a\u0000b \ud83d c \ud83d\ude00 \\ud83d \\u0000 \udc00"'
    raw = json.dumps(body(item(new_call(), note="NOTE"))).encode().replace(b'"NOTE"', odd)
    assert post_now(intake, raw, issuer.token()).status == 202
    stored = Delivery.objects.get()
    assert stored.item["note"] == "a\ufffdb \ufffd c \U0001f600 \\ud83d \\u0000 \ufffd"
    assert orjson.loads(stored.body) == stored.item


@pytest.mark.control("W10")
def test_nul_is_replaced_in_any_encoding(intake: Intake, issuer: Issuer) -> None:
    raw = json.dumps(body(item(new_call(), note="a\0b"))).encode("utf-16")
    assert post_now(intake, raw, issuer.token()).status == 202
    assert Delivery.objects.get().item["note"] == "a\ufffdb"


@pytest.mark.case(54)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"sequenceId": 2, "tone": "tone7"}, {"sequenceId": 2}),
        ({"@odata.type": "#microsoft.graph.toneInfo", "tone": "tone7"}, {}),
        ({"sequenceId": "tone7"}, {}),
        (["tone7"], {}),
        ("tone7", {}),
        (None, None),
    ],
)
def test_that_a_key_was_pressed_is_stored_but_not_which(
    intake: Intake, issuer: Issuer, told: object, kept: object, encoding: str
) -> None:
    data = {"@odata.type": "#microsoft.graph.call", "state": "established", "toneInfo": told}
    several = item(new_call(), "established", "updated", resourceData=[data, {"call": data}])
    raw = json.dumps(body(several, item(new_call(), note="tone7"))).replace("toneInfo", "tone\\u0049nfo")
    assert post_now(intake, raw.encode(encoding), issuer.token()).status == 202
    first, second = Delivery.objects.order_by("pk")
    assert first.item["resourceData"] == [data | {"toneInfo": kept}, {"call": data | {"toneInfo": kept}}]
    assert "tone7" not in first.body and second.item["note"] == "tone7"


def test_an_encoded_body_is_not_decoded(intake: Intake, issuer: Issuer) -> None:
    answer = post_now(intake, b"\x1f\x8b", issuer.token(), ("Content-Encoding", "gzip"))
    assert (answer.status, answer.taken) == (415, 0)
    assert post_now(intake, body(), issuer.token(), ("Content-Encoding", "identity")).status == 202


def test_only_post_is_served(intake: Intake, issuer: Issuer) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        answer = post_now(intake, b"", issuer.token(), method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.control("W11")
def test_hints_change_nothing_but_the_hints(intake: Intake, issuer: Issuer) -> None:
    call, liar = new_call(), new_call()
    forged = [("X-Microsoft-Tenant", "x"), ("X-Microsoft-Skype-Chain-ID", liar), ("Scenario-Id", liar)]
    query = f"call={liar}&tenantId={liar}"
    assert post_now(intake, body(item(call)), issuer.token(), *forged, query=query).status == 202
    stored = Delivery.objects.get()
    assert (stored.call_key, stored.tenant_id) == (call, TENANT)
