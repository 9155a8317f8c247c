"""Where the keys come from, and what cannot spoil them (W2, W7, W8)."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from graph.errors import NotSent
from graph.keys import KeyRing, read_keys
from graph.signatures import BadToken, NoKeys, Verifier
from tests.graph.signing import (
    AUDIENCE,
    DOCUMENTS,
    ISSUERS,
    KEYS,
    TENANT,
    Clock,
    Web,
    claims,
    header,
    jwk,
    key,
    number64,
    token,
)

APS = DOCUMENTS[0]


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def verifier_of(web: Any, clock: Clock) -> Verifier:
    return Verifier(DOCUMENTS, ISSUERS, AUDIENCE, [TENANT], 60, web, clock, clock)


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def test_a_day_long_the_documents_are_not_read_again(web: Web, clock: Clock) -> None:
    ring = KeyRing(DOCUMENTS, web, clock)
    assert ring.refresh() == 24 * 3600
    assert len(web.asked) == 4
    clock.time += 24 * 3600 - 1
    ring.refresh()
    assert len(web.asked) == 4
    clock.time += 1
    ring.refresh()
    assert len(web.asked) == 8


@pytest.mark.case(11)
def test_a_cold_start_has_no_keys_and_begins_to_read_them(web: Web, clock: Clock) -> None:
    go_on, reading = threading.Event(), threading.Event()

    def slow(url: str) -> bytes:
        reading.set()
        assert go_on.wait(60)
        return web(url)

    verifier = verifier_of(slow, clock)
    with pytest.raises(NoKeys):
        verifier.verify(token())
    assert reading.wait(60)
    with pytest.raises(NoKeys):
        verifier.verify(token())
    go_on.set()
    assert verifier.warm(60)
    assert verifier.verify(token()).tenant_id == TENANT
    verifier.keys.stop()


def test_a_start_waits_for_the_first_try_and_not_for_its_success(web: Web, clock: Clock) -> None:
    for url in DOCUMENTS:
        web.put(url, NotSent("no connection"))
    verifier = verifier_of(web, clock)
    verifier.keys.start()
    verifier.keys.wait_tried(10)
    assert verifier.keys.is_tried() and not verifier.keys.is_complete()
    verifier.keys.stop()


@pytest.mark.case(11)
def test_a_cold_start_with_everything_down_says_why_and_tries_again(web: Web, clock: Clock) -> None:
    for url in DOCUMENTS:
        web.put(url, NotSent("no connection: no such file ca.pem"))
    verifier = verifier_of(web, clock)
    assert verifier.keys.refresh() == 1
    with pytest.raises(NoKeys, match=r"ca\.pem"):
        verifier.verify(token())
    verifier.keys.stop()
    pauses = []
    for _ in range(8):
        clock.time += verifier.keys.refresh()
        pauses.append(verifier.keys.refresh())
    assert pauses[-1] == 60
    web.put(APS, {"jwks_uri": KEYS[APS]})
    clock.time += 60
    verifier.keys.refresh()
    assert verifier.verify(token()).tenant_id == TENANT


def test_a_broken_token_is_bad_even_without_keys(web: Web, clock: Clock) -> None:
    with pytest.raises(BadToken):
        verifier_of(web, clock).verify("a.b.c")
    assert web.asked == []


@pytest.mark.case(11)
def test_one_service_down_leaves_the_other_working(web: Web, clock: Clock) -> None:
    web.put(DOCUMENTS[1], NotSent("down"))
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    assert verifier.verify(token()).tenant_id == TENANT
    assert [status["failures"] for status in verifier.keys.status()] == [0, 1]


def test_a_rotated_key_is_fetched_for_its_first_token(web: Web, clock: Clock) -> None:
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    web.put(KEYS[APS], {"keys": [jwk(key(1), "k1"), jwk(key(3), "new")]})
    rotated = token(header(kid="new"), by=key(3))
    with pytest.raises(BadToken):
        verifier.verify(rotated)
    verifier.keys.stop()
    verifier.keys.refresh()
    assert verifier.verify(rotated).tenant_id == TENANT
    assert verifier.verify(token()).tenant_id == TENANT


@pytest.mark.control("W7")
@pytest.mark.case(10)
def test_a_flood_of_unknown_keys_makes_one_fetch_per_document_and_window(web: Web, clock: Clock) -> None:
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    web.asked.clear()
    good = token()
    body = claims()
    for number in range(5000):
        with pytest.raises(BadToken):
            verifier.verify(token_of(f"kid-{number}", body))
        clock.time += 0.001
        assert verifier.verify(good).tenant_id == TENANT
    verifier.keys.stop()
    verifier.keys.refresh()
    assert sorted(web.asked) == sorted([*DOCUMENTS, *KEYS.values()])
    assert len(verifier._verdicts) == 1
    clock.time += 60
    with pytest.raises(BadToken):
        verifier.verify(token_of("kid-x", body))
    verifier.keys.stop()
    verifier.keys.refresh()
    assert len(web.asked) == 8


def token_of(kid: str, body: dict[str, Any]) -> str:
    """Return a token whose signature nobody will get to check."""
    from tests.graph.signing import b64

    return f"{b64(header(kid=kid))}.{b64(body)}.{'A' * 342}"


@pytest.mark.control("W7")
def test_a_known_key_never_waits_for_a_fetch_under_way(web: Web, clock: Clock) -> None:
    reading, go_on = threading.Event(), threading.Event()
    slow = False

    def fetch(url: str) -> bytes:
        if slow:
            reading.set()
            assert go_on.wait(60)
        return web(url)

    verifier = verifier_of(fetch, clock)
    verifier.keys.refresh()
    slow = True
    with pytest.raises(BadToken):
        verifier.verify(token(header(kid="unknown")))
    assert reading.wait(60)
    assert verifier.verify(token()).tenant_id == TENANT
    go_on.set()
    verifier.keys.stop()


POISON: dict[str, tuple[str, bytes | Exception]] = {
    "document gone": (APS, NotSent("gone")),
    "document is HTML": (APS, b"<html>"),
    "document is a list": (APS, b"[]"),
    "document without keys' address": (APS, b"{}"),
    "keys' address is no text": (APS, b'{"jwks_uri": ["https://aps.example/v1/keys"]}'),
    "keys moved to another host": (APS, b'{"jwks_uri": "https://evil.example/keys"}'),
    "keys moved to another port": (APS, b'{"jwks_uri": "https://aps.example:444/v1/keys"}'),
    "keys moved to http": (APS, b'{"jwks_uri": "http://aps.example/v1/keys"}'),
    "keys moved to loopback": (APS, b'{"jwks_uri": "http://localhost/keys"}'),
    "keys moved to a file": (APS, b'{"jwks_uri": "file:///etc/passwd"}'),
    "keys' address with a user": (APS, b'{"jwks_uri": "https://aps.example@evil.example/keys"}'),
    "keys' address with a backslash": (APS, b'{"jwks_uri": "https://aps.example\\\\@evil.example/keys"}'),
    "document too long": (APS, b'{"jwks_uri": "https://aps.example/v1/keys"}' + b" " * 256 * 1024),
    "document nested deep": (APS, b"[" * 100_000),
    "keys gone": (KEYS[APS], NotSent("gone")),
    "keys not even an error of ours": (KEYS[APS], RuntimeError("surprise")),
    "keys empty": (KEYS[APS], document()),
    "keys missing": (KEYS[APS], b"{}"),
    "keys is an object": (KEYS[APS], b'{"keys": {"kid": "k1"}}'),
    "keys are texts": (KEYS[APS], b'{"keys": ["k1", 7, null, []]}'),
    "keys twice": (KEYS[APS], b'{"keys": [], "keys": []}'),
    "keys too long": (KEYS[APS], document(jwk(key(1), "k1")) + b" " * 256 * 1024),
    "keys truncated": (KEYS[APS], document(jwk(key(1), "k1"))[:-20]),
}


@pytest.mark.control("W8")
@pytest.mark.case(11)
@pytest.mark.parametrize("name", POISON)
def test_poisoned_documents_leave_the_last_good_keys_and_raise_an_alarm(
    web: Web, clock: Clock, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    url, poison = POISON[name]
    web.put(url, poison)
    web.asked.clear()
    clock.time += 24 * 3600
    verifier.keys.refresh()
    clock.time -= 24 * 3600
    assert verifier.verify(token()).tenant_id == TENANT
    assert set(web.asked) <= {*DOCUMENTS, *KEYS.values()}
    assert [status["failures"] for status in verifier.keys.status()] == [1, 0]
    assert "signing keys cannot be read" in caplog.text


UNFIT = {
    "too short": jwk(key(20, 1024), "k"),
    "for encryption": jwk(key(1), "k", use="enc"),
    "without use": jwk(key(1), "k", use=None),
    "other algorithm": jwk(key(1), "k", alg="RS512"),
    "symmetric": {"kty": "oct", "use": "sig", "kid": "k", "k": "c2VjcmV0"},
    "elliptic": {"kty": "EC", "use": "sig", "kid": "k", "crv": "P-256", "x": "AA", "y": "AA"},
    "private": jwk(key(1), "k", d="AQAB"),
    "exponent one": jwk(key(1), "k", e="AQ"),
    "even exponent": jwk(key(1), "k", e="AQAA"),
    "huge exponent": jwk(key(1), "k", e=number64(2**64 + 1)),
    "even modulus": jwk(key(1), "k", n=number64(2**2047)),
    "huge modulus": jwk(key(1), "k", n=number64(2**16384 + 1)),
    "modulus padded": jwk(key(1), "k", n=number64(key(1).public_key().public_numbers().n) + "=="),
    "modulus missing": jwk(key(1), "k", n=None),
    "modulus a number": jwk(key(1), "k", n=7),
    "no id": jwk(key(1), "k", kid=None),
    "id a number": jwk(key(1), "k", kid=7),
    "id too long": jwk(key(1), "k" * 300),
}


@pytest.mark.control("W8")
@pytest.mark.control("W1")
@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_key_is_left_out_and_the_rest_used(name: str) -> None:
    assert list(read_keys(document(UNFIT[name], jwk(key(2), "fit")))) == ["fit"]
    with pytest.raises(ValueError, match="no usable key"):
        read_keys(document(UNFIT[name]))


def test_a_second_key_of_the_same_id_does_not_replace_the_first(web: Web, clock: Clock) -> None:
    web.put(KEYS[DOCUMENTS[1]], {"keys": [jwk(key(9), "k1"), jwk(key(2), "k2")]})
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    assert verifier.verify(token()).tenant_id == TENANT
    with pytest.raises(BadToken):
        verifier.verify(token(by=key(9)))


@pytest.mark.control("W8")
@pytest.mark.parametrize(
    "urls", [[], ["http://localhost:8100/keys"], ["http://aps.example/"], [*DOCUMENTS, "file:///etc/passwd"]]
)
def test_only_https_documents_can_be_configured(web: Web, urls: list[str]) -> None:
    with pytest.raises(ValueError, match="https"):
        KeyRing(urls, web)


@pytest.mark.control("W3")
@pytest.mark.parametrize(
    ("issuers", "audience", "tenants"), [([], "a", ["t"]), (["i"], "", ["t"]), (["i"], "a", [])]
)
def test_a_verifier_that_would_check_nothing_cannot_be_made(
    web: Web, issuers: list[str], audience: str, tenants: list[str]
) -> None:
    with pytest.raises(ValueError, match="audience"):
        Verifier(DOCUMENTS, issuers, audience, tenants, 60, web)


def test_many_threads_verify_at_once(web: Web, clock: Clock) -> None:
    verifier = verifier_of(web, clock)
    verifier.keys.refresh()
    tokens = [token(body=claims(n=n)) for n in range(20)]
    start, found = threading.Barrier(8), []

    def run() -> None:
        start.wait(60)
        found.extend(verifier.verify(one).values["n"] for one in tokens * 5)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == sorted([*range(20)] * 40)
