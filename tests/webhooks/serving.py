"""uvicorn and daphne with the portal in them, on the tests' database; a service publishes keys over TLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commsportal import servers
from tests.graph.fake_service import Authority, FakeService, Reply
from tests.webhooks.issuer import AUDIENCE, TENANT, Issuer
from tests.webhooks.posting import PATH
from tests.webhooks.processes import Server, environment, free_port

SERVERS = ["uvicorn", "daphne"]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Issuer, Authority]]:
    """An issuer whose documents a TLS service publishes."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    service = FakeService(authority.context("localhost"))
    issuer = Issuer(service.url)
    for path, document in issuer.documents().items():
        service.on("GET", path, Reply(200, document))
    yield issuer, authority
    service.stop()


def start(kind: str, signer: tuple[Issuer, Authority], folder: Path, **settings: str) -> Server:
    """Start a server and wait until it has the keys."""
    issuer, authority = signer
    port = free_port()
    environ = environment(
        folder,
        PORT=str(port),
        GRAPH_TENANT_ID=TENANT,
        GRAPH_CLIENT_ID=AUDIENCE,
        GRAPH_CA_FILE=str(authority.file),
        GRAPH_LOGIN_URL="https://localhost:1",
        CALLBACK_OPENID_URLS=issuer.openid_url,
        **settings,
    )
    make = {"uvicorn": servers.uvicorn("127.0.0.1", port, []), "daphne": servers.daphne("127.0.0.1", port)}
    server = Server(["-m", *make[kind]], environ, folder / "log", port)
    server.wait_until(server.is_up)
    token = issuer.token()
    server.wait_until(lambda: server.ask("POST", PATH, b"", Authorization=f"Bearer {token}")[0] != 503)
    return server


@contextmanager
def serving(kind: str, signer: tuple[Issuer, Authority], folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server until the end of the block."""
    server = start(kind, signer, folder, **settings)
    try:
        yield server
    finally:
        server.end()
