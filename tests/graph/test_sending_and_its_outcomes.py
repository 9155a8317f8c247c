"""What was provably not sent, what may have happened, and how long we wait (O2, O4, O6)."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from graph import transport
from graph.errors import NotSent, OutcomeUnknown
from graph.transport import Wire
from tests.graph.fake_service import Authority, FakeService, Reply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection_was_not_sent(wire: Wire) -> None:
    with pytest.raises(NotSent) as caught:
        wire.exchange("POST", f"https://localhost:{free_port()}/v1.0/x", body=b"{}")
    assert caught.value.retryable


def test_an_unknown_host_was_not_sent(wire: Wire) -> None:
    with pytest.raises(NotSent):
        wire.exchange("POST", "https://no-such-host.invalid/v1.0/x", body=b"{}")


def test_a_server_that_never_shakes_hands_was_not_sent_to(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(NotSent):
            wire.exchange("POST", f"https://localhost:{silent.getsockname()[1]}/x", body=b"{}")


@pytest.mark.parametrize(
    "url", ["http://localhost:1/x", "ftp://localhost/x", "https://", "localhost/x", "https://a:x/"]
)
def test_anything_but_https_is_never_asked(wire: Wire, url: str) -> None:
    with pytest.raises(NotSent) as caught:
        wire.exchange("GET", url)
    assert not caught.value.retryable


def close_at_once(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def truncate(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(HEAD + b"Content-Length: 100\r\n\r\n" + b'{"id":')


def truncate_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{")


def speak_nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is not HTTP at all\r\n\r\n")


def compress(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(HEAD + b"Connection: close\r\n\r\n")
    for _ in range(20 * 1024):
        handler.wfile.write(b"x" * 1024)


BREAKS = [close_at_once, reset, truncate, truncate_chunks, speak_nonsense, compress, flood]


@pytest.mark.control("O6")
@pytest.mark.parametrize("break_off", BREAKS, ids=lambda case: case.__name__)
def test_a_request_that_arrived_and_was_not_answered_has_an_unknown_outcome(
    service: FakeService, wire: Wire, break_off: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    service.on("POST", "/v1.0/x", Reply(raw=break_off))
    with pytest.raises(OutcomeUnknown) as caught:
        wire.exchange("POST", f"{service.url}/v1.0/x", body=b"{}")
    assert len(service.seen) == 1
    assert not caught.value.retryable


def test_an_unknown_outcome_of_a_repeatable_request_may_be_asked_again(service: FakeService, wire: Wire) -> None:
    service.on("GET", "/v1.0/x", Reply(raw=close_at_once))
    with pytest.raises(OutcomeUnknown) as caught:
        wire.exchange("GET", f"{service.url}/v1.0/x", repeatable=True)
    assert caught.value.retryable


def drip(start: bytes, drop: bytes, stop: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    def run(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while not stop.wait(0.02):
            handler.wfile.write(drop)

    return run


@pytest.mark.control("O6")
@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD, b"X"),
        (HEAD, b"X: y\r\n"),
        (b"", b"H"),
    ],
    ids=["body", "chunks", "header", "headers", "status line"],
)
def test_a_dripping_answer_ends_with_the_whole_time(
    service: FakeService, ca_file: Path, start: bytes, drop: bytes
) -> None:
    impatient = Wire(str(ca_file), whole_seconds=0.4)
    service.on("POST", "/v1.0/x", Reply(raw=drip(start, drop, service.stopping)))
    with pytest.raises(OutcomeUnknown):
        impatient.exchange("POST", f"{service.url}/v1.0/x", body=b"{}")


@pytest.mark.control("O6")
@pytest.mark.timeout(30)
def test_a_server_that_falls_silent_is_not_waited_for_as_long_as_the_whole_may_take(
    service: FakeService, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    patient = Wire(str(ca_file), whole_seconds=3600)
    service.on("POST", "/v1.0/x", Reply(raw=lambda handler: service.stopping.wait(60)))
    with pytest.raises(OutcomeUnknown):
        patient.exchange("POST", f"{service.url}/v1.0/x", body=b"{}")


def test_after_a_broken_exchange_the_same_wire_works_again(service: FakeService, wire: Wire) -> None:
    service.on("GET", "/v1.0/x", Reply(raw=reset), Reply(200, {"ok": True}))
    with pytest.raises(OutcomeUnknown):
        wire.exchange("GET", f"{service.url}/v1.0/x")
    assert wire.exchange("GET", f"{service.url}/v1.0/x").entity() == {"ok": True}


@pytest.mark.control("O2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(service: FakeService, wire: Wire, status: int) -> None:
    service.on("GET", "/v1.0/x", Reply(status, headers={"Location": f"{service.url}/elsewhere"}))
    assert wire.exchange("GET", f"{service.url}/v1.0/x").status == status
    assert [seen.path for seen in service.seen] == ["/v1.0/x"]


def test_cookies_are_not_kept(service: FakeService, wire: Wire) -> None:
    service.on("GET", "/v1.0/x", Reply(200, {}, {"Set-Cookie": "who=me; Path=/"}))
    for _ in range(2):
        wire.exchange("GET", f"{service.url}/v1.0/x")
    assert all("cookie" not in seen.headers for seen in service.seen)


def test_connections_are_kept_alive_and_belong_to_one_thread(service: FakeService, wire: Wire) -> None:
    service.on("GET", "/v1.0/x", Reply(200, {}))

    def ask_thrice() -> None:
        for _ in range(3):
            wire.exchange("GET", f"{service.url}/v1.0/x")

    ask_thrice()
    thread = threading.Thread(target=ask_thrice)
    thread.start()
    thread.join()
    assert [seen.peer for seen in service.seen[:3]] == [service.seen[0].peer] * 3
    assert [seen.peer for seen in service.seen[3:]] == [service.seen[3].peer] * 3
    assert service.seen[0].peer != service.seen[3].peer


@pytest.mark.control("O4")
def test_a_missing_ca_file_is_not_sent_until_it_exists(
    service: FakeService, tmp_path: Path, ca_file: Path
) -> None:
    late = tmp_path / "late.pem"
    wire = Wire(str(late))
    service.on("GET", "/v1.0/x", Reply(200, {}))
    with pytest.raises(NotSent, match=r"late\.pem") as caught:
        wire.exchange("GET", f"{service.url}/v1.0/x")
    assert caught.value.retryable
    late.write_bytes(ca_file.read_bytes())
    assert wire.exchange("GET", f"{service.url}/v1.0/x").status == 200


def server_with(context: ssl.SSLContext, host: str = "localhost") -> FakeService:
    server = FakeService(context, host)
    server.on("GET", "/v1.0/x", Reply(200, {}))
    return server


@pytest.mark.control("O4")
@pytest.mark.parametrize("flaw", ["foreign authority", "wrong host", "expired"])
def test_a_certificate_that_is_not_good_gets_no_request(
    authority: Authority, wire: Wire, tmp_path: Path, flaw: str
) -> None:
    contexts = {
        "foreign authority": lambda: Authority(tmp_path, "Foreign CA").context("localhost"),
        "wrong host": lambda: authority.context("graph.contoso.example"),
        "expired": lambda: authority.context("localhost", days=-1),
    }
    server = server_with(contexts[flaw]())
    with pytest.raises(NotSent):
        wire.exchange("GET", f"{server.url}/v1.0/x")
    server.stop()
    assert server.seen == []


@pytest.mark.control("O4")
def test_the_environment_neither_swaps_authorities_nor_adds_proxies_or_passwords(
    service: FakeService, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = Authority(tmp_path, "Hostile CA")
    (tmp_path / "netrc").write_text("machine localhost login eve password eve")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(hostile.file))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    service.on("GET", "/v1.0/x", Reply(200, {}))
    assert wire.exchange("GET", f"{service.url}/v1.0/x").status == 200
    assert "authorization" not in service.seen[0].headers
    impostor = server_with(hostile.context("localhost"))
    with pytest.raises(NotSent):
        wire.exchange("GET", f"{impostor.url}/v1.0/x")
    impostor.stop()
    assert impostor.seen == []


@pytest.mark.control("W8")
def test_a_document_is_small_and_answered_with_200(service: FakeService, wire: Wire) -> None:
    service.on("GET", "/keys", Reply(200, b"[]"), Reply(200, b" " * (256 * 1024 + 1)), Reply(302), Reply(500))
    assert wire.document(f"{service.url}/keys") == b"[]"
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            wire.document(f"{service.url}/keys")


@pytest.mark.control("R19")
def test_what_may_no_longer_leave_is_not_sent(wire: Wire, service: FakeService) -> None:
    service.on("POST", "/x", Reply(202))
    with transport.leaving_within(0.0), pytest.raises(NotSent):
        wire.exchange("POST", f"{service.url}/x", body=b"{}")
    assert service.seen == []
    with transport.leaving_within(60.0):
        assert wire.exchange("POST", f"{service.url}/x", body=b"{}").status == 202
