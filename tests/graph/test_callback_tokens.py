"""Which tokens open the webhook, and which do not (W1, W2, W3, W5, W12)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

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
    b64,
    claims,
    header,
    jwk,
    key,
    sign,
    token,
)


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


def hs256(secret: bytes) -> str:
    signed = f"{b64(header(alg='HS256'))}.{b64(claims())}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def with_hash(algorithm: hashes.HashAlgorithm, name: str) -> str:
    signed = f"{b64(header(alg=name))}.{b64(claims())}"
    return f"{signed}.{b64(key(1).sign(signed.encode(), padding.PKCS1v15(), algorithm))}"


def pss(name: str) -> str:
    signed = f"{b64(header(alg=name))}.{b64(claims())}"
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return f"{signed}.{b64(key(1).sign(signed.encode(), scheme, hashes.SHA256()))}"


def unsigned(algorithm: Any) -> str:
    return f"{b64(header(alg=algorithm))}.{b64(claims())}."


def public_pem() -> bytes:
    return (
        key(1)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def flipped(part: int, at: int) -> str:
    parts = token().split(".")
    letters = list(parts[part])
    letters[at] = "A" if letters[at] != "A" else "B"
    parts[part] = "".join(letters)
    return ".".join(parts)


def respelled() -> str:
    """Change only the unused bits of the signature's last letter: the same bytes to a lenient decoder."""
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + alphabet[alphabet.index(good[-1]) + 1]


ATTACKER = {"jwk": jwk(key(9), "k1"), "x5c": ["MIIB"], "jku": "https://evil.example/keys"}

MUTATIONS: dict[str, Any] = {
    "alg none unsigned": lambda: unsigned("none"),
    "alg None unsigned": lambda: unsigned("None"),
    "alg nOnE unsigned": lambda: unsigned("nOnE"),
    "alg empty unsigned": lambda: unsigned(""),
    "alg null unsigned": lambda: unsigned(None),
    "alg none with a signature": lambda: token(header(alg="none")),
    "alg absent": lambda: token(header(alg=...)),
    "alg list": lambda: token(header(alg=["RS256"])),
    "alg lower case": lambda: token(header(alg="rs256")),
    "alg with a blank": lambda: token(header(alg="RS256 ")),
    "HS256 with the public key": lambda: hs256(public_pem()),
    "HS256 with the modulus": lambda: hs256(jwk(key(1), "k1")["n"].encode()),
    "HS256 with nothing": lambda: hs256(b""),
    "RS384 signed so": lambda: with_hash(hashes.SHA384(), "RS384"),
    "RS512 signed so": lambda: with_hash(hashes.SHA512(), "RS512"),
    "RS384 called RS256": lambda: with_hash(hashes.SHA384(), "RS256"),
    "SHA-1 called RS256": lambda: with_hash(hashes.SHA1(), "RS256"),
    "PS256 signed so": lambda: pss("PS256"),
    "PS256 called RS256": lambda: pss("RS256"),
    "ES256": lambda: token(header(alg="ES256")),
    "alg twice": lambda: token('{"alg":"none","typ":"JWT","kid":"k1","alg":"RS256"}'),
    "another key": lambda: token(by=key(9)),
    "the other service's key": lambda: token(by=key(2)),
    "attacker's jwk": lambda: token(header(jwk=ATTACKER["jwk"]), by=key(9)),
    "attacker's jku": lambda: token(header(jku=ATTACKER["jku"]), by=key(9)),
    "attacker's x5u": lambda: token(header(x5u=ATTACKER["jku"]), by=key(9)),
    "attacker's x5c": lambda: token(header(x5c=ATTACKER["x5c"]), by=key(9)),
    "jwk beside a good signature": lambda: token(header(jwk=ATTACKER["jwk"])),
    "jku beside a good signature": lambda: token(header(jku=ATTACKER["jku"])),
    "x5c beside a good signature": lambda: token(header(x5c=ATTACKER["x5c"])),
    "crit": lambda: token(header(crit=["exp"])),
    "crit empty": lambda: token(header(crit=[])),
    "b64 false": lambda: token(header(b64=False, crit=["b64"])),
    "zip": lambda: token(header(zip="DEF")),
    "enc": lambda: token(header(enc="A256GCM")),
    "another type": lambda: token(header(typ="at+jwt")),
    "type is a list": lambda: token(header(typ=["JWT"])),
    "kid absent": lambda: token(header(kid=...)),
    "kid empty": lambda: token(header(kid="")),
    "kid null": lambda: token(header(kid=None)),
    "kid list": lambda: token(header(kid=["k1"])),
    "kid object": lambda: token(header(kid={"k1": 1})),
    "kid number": lambda: token(header(kid=1)),
    "kid path": lambda: token(header(kid="../../../../etc/passwd")),
    "kid SQL": lambda: token(header(kid="k1' OR '1'='1")),
    "kid URL": lambda: token(header(kid="https://evil.example/keys")),
    "kid NUL": lambda: token(header(kid="k1\x00")),
    "kid other case": lambda: token(header(kid="K1")),
    "kid 300 long": lambda: token(header(kid="k" * 300)),
    "kid 100 KB": lambda: token(header(kid="k" * 100_000)),
    "longer than 8 KB": lambda: token(body=claims(filler="x" * 8192)),
    "signature flipped at its start": lambda: flipped(2, 0),
    "signature flipped in the middle": lambda: flipped(2, 100),
    "signature respelled": respelled,
    "payload flipped": lambda: flipped(1, 10),
    "payload of another token": lambda: ".".join(
        [token().split(".")[0], b64(claims(tid="x")), token().split(".")[2]]
    ),
    "header flipped": lambda: flipped(0, 10),
    "signature cut": lambda: token()[:-4],
    "signature doubled": lambda: token() + token().split(".")[2],
    "signature missing": lambda: token().rpartition(".")[0],
    "signature empty": lambda: token().rpartition(".")[0] + ".",
    "four parts": lambda: token() + ".x",
    "two parts": lambda: ".".join(token().split(".")[:2]),
    "padding": lambda: token() + "==",
    "blank inside": lambda: token().replace(".", ". "),
    "line end": lambda: token() + "\n",
    "not ASCII": lambda: token() + "é",
    "lone surrogate": lambda: "\ud800.a.b",
    "plain base64 letters": lambda: token()[:-2] + "+/",
    "empty": lambda: "",
    "dots": lambda: "..",
    "header is no JSON": lambda: token("{"),
    "header is a list": lambda: token('["alg","RS256"]'),
    "header nested deep": lambda: token("[" * 3000),
    "header in UTF-16": lambda: sign(f"{b64(json.dumps(header()).encode('utf-16'))}.{b64(claims())}"),
    "payload is no JSON": lambda: token(body="{"),
    "payload is a list": lambda: token(body="[]"),
    "payload is a number": lambda: token(body="7"),
    "payload with NaN": lambda: token(body=json.dumps(claims(exp=float("nan")))),
    "payload with a name twice": lambda: token(body=json.dumps(claims())[:-1] + f', "tid": "{TENANT}"}}'),
    "payload with a huge number": lambda: token(body=json.dumps(claims())[:-1] + ', "x": ' + "9" * 5000 + "}"),
}


@pytest.mark.control("W1")
@pytest.mark.control("W2")
@pytest.mark.case(10)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_token_is_refused_and_nobody_foreign_is_asked(verifier: Verifier, web: Web, name: str) -> None:
    with pytest.raises(BadToken):
        verifier.verify(MUTATIONS[name]())
    verifier.keys.stop()
    assert set(web.asked) <= {*DOCUMENTS, *KEYS.values()}


@pytest.mark.control("W1")
def test_the_payload_is_not_read_before_the_signature_holds(verifier: Verifier) -> None:
    spoilt = token(body="{not json", by=key(9))
    with pytest.raises(BadToken, match="signature"):
        verifier.verify(spoilt)


def test_there_are_at_least_forty_mutations() -> None:
    assert len(MUTATIONS) >= 40


WRONG: dict[str, list[Any]] = {
    "iss": [
        ...,
        "",
        None,
        [ISSUERS[0]],
        7,
        True,
        ISSUERS[0].upper(),
        ISSUERS[0] + "/",
        ISSUERS[0] + ".evil.example",
        f"https://sts.windows.net/{TENANT}/",
        {"a": 1},
    ],
    "aud": [
        ...,
        "",
        None,
        [AUDIENCE],
        [AUDIENCE, "x"],
        7,
        AUDIENCE.upper(),
        AUDIENCE + " ",
        "https://graph.microsoft.com",
    ],
    "tid": [..., "", None, [TENANT], 7, True, {"tid": TENANT}],
    "exp": [..., "", None, [NOW + 60], str(NOW + 60), True, float(NOW + 60), -1, 2**50, 10**400],
    "nbf": [..., "", None, [NOW - 60], str(NOW - 60), False, float(NOW - 60), -1, 2**50],
}


@pytest.mark.control("W3")
@pytest.mark.case(10)
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_claim_is_refused(verifier: Verifier, name: str, value: Any) -> None:
    with pytest.raises(BadToken):
        verifier.verify(token(body=claims(**{name: value})))


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
    for spoilt in (respelled(), flipped(2, 5), good + "A"):
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
