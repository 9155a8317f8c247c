"""The real thing: uvicorn and daphne as processes, keys over TLS, signed notifications, the tests' database."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.graph.fake_service import Authority
from tests.webhooks.issuer import OTHER_TENANT, TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import PATH, encode
from tests.webhooks.processes import Server
from tests.webhooks.serving import SERVERS, start
from webhooks.models import Delivery


@pytest.fixture(scope="module", params=SERVERS)
def running(
    request: pytest.FixtureRequest,
    signer: tuple[Issuer, Authority],
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    server = start(request.param, signer, tmp_path_factory.mktemp(request.param))
    yield server
    server.end()
    assert signer[0].token().split(".")[0] not in server.output()


@pytest.fixture
def server(running: Server, transactional_db: None) -> Server:
    return running


@pytest.mark.control("W1")
@pytest.mark.control("W10")
def test_the_same_answers(server: Server, signer: tuple[Issuer, Authority]) -> None:
    issuer, _ = signer
    good = issuer.token()

    def post(raw: bytes, token: str = good, path: str = PATH, **headers: str) -> int:
        status, text = server.send(path, raw, token, **headers)
        assert text == b""
        return status

    call = new_call()
    assert post(encode(body(item(call)))) == 202
    assert post(encode(body(item(new_call()))), path=f"{PATH}/") == 202
    assert post(b"") == post(b"{}") == 204
    assert post(b"[]") == post(b"{") == 400
    assert post(b"x" * 300_000) == post(b"x" * 5_000_000) == 413
    assert post(b"{}", Content_Encoding="gzip") == 415
    assert post(b"{}", token="a.b.c") == post(b"{}", token=issuer.token(exp=1)) == 401
    assert post(b"{}", token=issuer.token(tid=OTHER_TENANT)) == 403
    assert server.ask("GET", PATH)[0] == 405
    assert Delivery.objects.count() == 2
    assert Delivery.objects.filter(call_key=call, tenant_id=TENANT).exists()


@pytest.mark.control("R1")
def test_what_was_acknowledged_is_there_for_others_to_see(
    server: Server, signer: tuple[Issuer, Authority]
) -> None:
    token = signer[0].token()

    def post_and_look(call: str) -> tuple[int, bool]:
        raw = json.dumps(body(item(call))).encode()
        status, _ = server.send(PATH, raw, token)
        return status, Delivery.objects.filter(call_key=call).exists()

    def in_thread(call: str) -> tuple[int, bool]:
        from django.db import connection

        try:
            return post_and_look(call)
        finally:
            connection.close()

    calls = [new_call() for _ in range(150)]
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(in_thread, calls)) == {(202, True)}
    assert Delivery.objects.count() == len(calls)


@pytest.mark.control("R1")
@pytest.mark.case(12)
@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_is_killed_has_lost_nothing_it_acknowledged(
    kind: str, signer: tuple[Issuer, Authority], tmp_path: Path
) -> None:
    server = start(kind, signer, tmp_path)
    token = signer[0].token()
    calls = [new_call() for _ in range(20)]
    for call in calls:
        raw = encode(body(item(call)))
        assert server.send(PATH, raw, token)[0] == 202
    server.end(9)
    assert set(Delivery.objects.values_list("call_key", flat=True)) == set(calls)


@pytest.mark.parametrize("running", ["uvicorn"], indirect=True)
@pytest.mark.control("W9")
def test_without_a_token_the_answer_comes_before_the_body(server: Server) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as own:
        own.sendall(head.encode())
        answer = b""
        while part := own.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()


def test_other_addresses_are_djangos(server: Server) -> None:
    assert server.ask("GET", "/api/v1/nothing/", Host="localhost")[0] == 404
    status, _ = server.ask("GET", "/api/v1/me/", Host="localhost")
    assert status == 401
