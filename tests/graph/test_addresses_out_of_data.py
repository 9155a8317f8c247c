"""Addresses that came in data: only Graph's own are opened, and those at Graph's own host whatever they say."""

import ast
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from graph.client import GraphClient
from graph.errors import Refused
from graph.transport import Answer, Wire
from tests.graph.conftest import FixedTokens
from tests.tried import Count

pytestmark = pytest.mark.control("O1")
ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = json.loads((ROOT / "tests/data/hostile_addresses.json").read_text())
GRAPH = "https://graph.example/v1.0"
CLIENTS = ("requests", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp")
OTHERWISE = {"commsportal/health.py"}  # asks the simulator of a demo whether it is up, by its setting


class NoWire(Wire):
    """Notes what would be asked of whom."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def exchange(self, method: str, url: str, **options: Any) -> Answer:
        self.asked.append(url)
        return Answer(200, {}, b"{}")


@pytest.mark.parametrize("entry", ADDRESSES, ids=lambda entry: entry["name"])
def test_an_address_is_opened_at_graph_or_not_at_all(entry: dict[str, str], tried: Count) -> None:
    tried("hostile addresses")
    wire, tokens = NoWire(), FixedTokens()
    client = GraphClient(GRAPH, "tenant", tokens, wire)
    if entry["expected"] == "refused":
        with pytest.raises(Refused):
            client.follow(entry["input"], "/users")
        assert wire.asked == []
    else:
        client.follow(entry["input"], "/users")
        (asked,) = wire.asked
        assert urlsplit(asked)[:2] == ("https", entry["expected"])


def test_the_addresses_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len([entry for entry in ADDRESSES if entry["expected"] == "refused"]) >= 60
    assert len({entry["name"] for entry in ADDRESSES}) == len(ADDRESSES)


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return named | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_one_module_can_ask_anybody_by_http() -> None:
    apps = ("graph", "audit", "webhooks", "directory", "routing", "calls", "meetings", "commsportal")
    found = {
        path.relative_to(ROOT).as_posix()
        for app in apps
        for path in (ROOT / app).rglob("*.py")
        if any(name == client or name.startswith(f"{client}.") for name in imported(path) for client in CLIENTS)
    }
    assert found == {"graph/transport.py", *OTHERWISE}
