"""A fake Graph with login service, reached over TLS with a CA of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.client import GraphClient
from graph.transport import Wire
from tests.graph.fake_service import Authority, FakeService

TENANT = "b3f1c7de-0f5c-4c0e-9d2a-5a4d2f7c8e10"


class FixedTokens:
    """Tokens one after the other; a new one after each that was dropped."""

    def __init__(self) -> None:
        self.number = 1
        self.dropped: list[str] = []

    def bearer(self) -> str:
        return f"token-{self.number}"

    def drop(self, token: str) -> None:
        self.dropped.append(token)
        self.number += 1


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def service(authority: Authority) -> Iterator[FakeService]:
    fake = FakeService(authority.context("localhost"))
    yield fake
    fake.stop()
    assert fake.unexpected == []


@pytest.fixture
def ca_file(authority: Authority) -> Path:
    return authority.file


@pytest.fixture
def wire(ca_file: Path) -> Wire:
    return Wire(str(ca_file))


@pytest.fixture
def tokens() -> FixedTokens:
    return FixedTokens()


@pytest.fixture
def graph(service: FakeService, wire: Wire, tokens: FixedTokens) -> GraphClient:
    return GraphClient(f"{service.url}/v1.0", TENANT, tokens, wire)
