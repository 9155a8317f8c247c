"""The console's connection when nobody closes it: silence, and a network that goes and comes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.consoles import row
from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


class Network:
    """What lies between a page and the portal's sockets."""

    def __init__(self, page: Page) -> None:
        self.wires: list[WebSocketRoute] = []
        self.half_open: list[WebSocketRoute] = []
        self.dead = False
        page.route_web_socket(re.compile(r"/ws/console/"), self.connect)

    def connect(self, wire: WebSocketRoute) -> None:
        """Lay a wire."""
        self.wires.append(wire)
        if not self.dead:
            wire.connect_to_server().on_message(
                lambda message: None if wire in self.half_open else wire.send(message)
            )

    def die(self) -> None:
        """Carry nothing any more and close nothing."""
        self.dead, self.half_open = True, list(self.wires)


@pytest.fixture
def desk(quiet: Demo, open_as: OpenAs) -> tuple[Page, Network]:
    """Open rita's console over a network of ours."""
    page = open_as("rita", "/calls/")
    network = Network(page)
    page.goto(f"{quiet.url}/console/")
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    return page, network


def test_a_connection_that_fell_silent_is_shown_and_replaced(quiet: Demo, desk: tuple[Page, Network]) -> None:
    page, network = desk
    banner = page.locator("[data-part=connection]")
    network.die()
    quiet.ring("main", "+14255550241")
    expect(banner).to_contain_text(re.compile(r"Reconnecting|No connection for \d+ s"))  # by how late it is
    network.dead = False
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    expect(banner).to_be_hidden()
    expect(row(page, "+14255550241")).to_be_visible()
    assert len(network.wires) >= 2


def test_a_network_that_goes_is_told_and_one_that_comes_is_used_at_once(
    quiet: Demo, desk: tuple[Page, Network]
) -> None:
    page, network = desk
    banner = page.locator("[data-part=connection]")
    network.die()
    page.context.set_offline(True)
    expect(banner).to_contain_text("No network")
    expect(banner).to_contain_text("once this device is online")
    network.dead = False
    before = len(network.wires)
    page.context.set_offline(False)
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    assert len(network.wires) == before + 1
    expect(banner).to_be_hidden()
    quiet.ring("main", "+14255550242")
    expect(row(page, "+14255550242")).to_be_visible()
