"""Which tokens open the webhook, and which do not (W1, W2, W3, W5, W12)."""

from __future__ import annotations

import itertools

import pytest

from graph import signatures
from graph.signatures import BadToken, ForeignTenant, SignatureError, Verifier
from tests.graph.signing import (
    AUDIENCE,
    DOCUMENTS,
    ISSUERS,
    KEYS,
    NOW,
    TENANT,
    Clock,
    Web,
    claims,
    header,
    jwk,
    key,
    token,
)
from tests.tokens import CORPUS, Entry, Mint, expected, pairs
from tests.tried import Count


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(web: Web, clock: Clock) -> Verifier:
    made = Verifier(DOCUMENTS, ISSUERS, AUDIENCE, [TENANT], 60, web, clock, clock)
    made.keys.refresh()
    web.asked.clear()
    return made


def test_a_good_token_of_either_service_opens(verifier: Verifier) -> None:
    found = verifier.verify(token())
    assert (found.tenant_id, found.issuer) == (TENANT, ISSUERS[0])
    assert (found.not_before, found.expires_at) == (NOW - 60, NOW + 3900)
    other = token(header(kid="k2"), claims(iss=ISSUERS[1]), key(2))
    assert verifier.verify(other).issuer == ISSUERS[1]


def test_a_header_without_type_and_with_a_thumbprint_is_usual(verifier: Verifier) -> None:
    assert verifier.verify(token(header(typ=..., x5t="abc"))).tenant_id == TENANT


EVERY = 19  # pair, of some ten thousand
REFUSED = {401: BadToken, 403: ForeignTenant}
KEYS_OF = {"good": key(1), "other service": key(2), "stranger": key(9)}
mint = Mint(header(), claims(), NOW, KEYS_OF)


@pytest.mark.control("W1")
@pytest.mark.control("W2")
@pytest.mark.control("W3")
@pytest.mark.case(10)
@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["name"])
def test_a_spoilt_token_is_refused_and_nobody_foreign_is_asked(
    verifier: Verifier, web: Web, tried: Count, entry: Entry
) -> None:
    for _ in range(2):
        with pytest.raises(REFUSED[expected(entry)]):
            verifier.verify(mint.token(entry))
    verifier.keys.stop()
    assert set(web.asked) <= {*DOCUMENTS, *KEYS.values()}
    tried("token mutations")


@pytest.mark.control("W1")
@pytest.mark.control("W3")
def test_two_mutations_at_once_do_not_make_up_for_each_other(verifier: Verifier, tried: Count) -> None:
    for pair in itertools.islice(pairs(), 0, None, EVERY):
        with pytest.raises(REFUSED[expected(*pair)]):
            verifier.verify(mint.token(*pair))
        tried("token mutations")


def test_the_corpus_begins_with_a_good_token_and_has_two_hundred_bad_ones(verifier: Verifier) -> None:
    assert verifier.verify(mint.token()).tenant_id == TENANT
    assert len(CORPUS) >= 200
    assert {entry["part"] for entry in CORPUS} == {"header", "claims", "signature", "text"}


@pytest.mark.control("W1")
def test_the_payload_is_not_read_before_the_signature_holds(verifier: Verifier) -> None:
    spoilt = token(body="{not json", by=key(9))
    with pytest.raises(BadToken, match="signature"):
        verifier.verify(spoilt)


@pytest.mark.control("W3")
@pytest.mark.parametrize("tenant", [TENANT.upper(), TENANT[:-1], TENANT + "0", AUDIENCE, "common", "*"])
def test_a_good_token_of_another_tenant_is_told_apart(verifier: Verifier, tenant: str) -> None:
    for _ in range(2):
        with pytest.raises(ForeignTenant) as caught:
            verifier.verify(token(body=claims(tid=tenant)))
    assert caught.value.tenant_id == tenant


EDGES = [
    (-121, False),
    (-120, True),
    (-61, True),
    (-60, True),
    (0, True),
    (3900, True),
    (3901, True),
    (3959, True),
    (3960, False),
    (3961, False),
]


@pytest.mark.control("W5")
@pytest.mark.parametrize("warm", [False, True], ids=["first look", "remembered"])
@pytest.mark.parametrize(("seconds", "opens"), EDGES)
def test_times_hold_to_the_second_with_the_configured_skew(
    verifier: Verifier, clock: Clock, seconds: int, opens: bool, warm: bool
) -> None:
    good = token()
    if warm:
        verifier.verify(good)
    clock.time = NOW + seconds
    if opens:
        assert verifier.verify(good).expires_at == NOW + 3900
    else:
        with pytest.raises(BadToken):
            verifier.verify(good)


@pytest.mark.control("W5")
def test_the_skew_is_never_more_than_five_minutes(web: Web, clock: Clock) -> None:
    lax = Verifier(DOCUMENTS, ISSUERS, AUDIENCE, [TENANT], 86_400, web, clock, clock)
    lax.keys.refresh()
    clock.time = NOW + 3900 + 299
    lax.verify(token())
    clock.time += 1
    with pytest.raises(BadToken):
        lax.verify(token())


@pytest.mark.control("W12")
def test_a_remembered_verdict_costs_no_second_signature_check_and_ends_with_the_token(
    verifier: Verifier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    judge = verifier._judge
    monkeypatch.setattr(verifier, "_judge", lambda raw: judged.append(raw) or judge(raw))
    good = token()
    for _ in range(100):
        verifier.verify(good)
    assert len(judged) == 1
    clock.time = NOW + 3900 + 60
    for _ in range(2):
        with pytest.raises(BadToken):
            verifier.verify(good)


@pytest.mark.control("W12")
def test_a_token_that_differs_in_one_letter_is_judged_anew(verifier: Verifier) -> None:
    good = token()
    verifier.verify(good)
    for change in ("respell",), ("flip", 2, 5), ("append", "A"):
        spoilt = mint.token({"part": "text", "text": [change]})
        with pytest.raises(BadToken):
            verifier.verify(spoilt)


@pytest.mark.control("W12")
def test_memory_of_verdicts_is_bounded_and_forgets_the_expired_first(
    verifier: Verifier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "MOST_VERDICTS", 8)
    short = [token(body=claims(exp=NOW + 10, n=n)) for n in range(5)]
    long = [token(body=claims(n=n)) for n in range(20)]
    for one in short + long[:3]:
        verifier.verify(one)
    clock.time = NOW + 10 + 60
    verifier.verify(long[3])
    assert len(verifier._verdicts) == 4
    for one in long:
        verifier.verify(one)
        assert len(verifier._verdicts) <= 8
    for one in short:
        with pytest.raises(BadToken):
            verifier.verify(one)


@pytest.mark.control("W12")
def test_a_verdict_does_not_outlive_its_key(verifier: Verifier, web: Web, clock: Clock) -> None:
    good = token()
    verifier.verify(good)
    web.put(KEYS[DOCUMENTS[0]], {"keys": [jwk(key(3), "k3")]})
    clock.time += 24 * 3600
    verifier.keys.refresh()
    clock.time = NOW
    with pytest.raises(SignatureError):
        verifier.verify(good)
    verifier.keys.stop()
