"""A console that stays for a whole run, whatever is killed: it comes back with the last number it saw (I7)."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import ClientConnection, connect

Card = dict[str, Any]
LOST = (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, EOFError)
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 0.3
PATIENCE = 60  # seconds; limits against hanging


class Mirror:
    """What a page holds: the cards, and the number of the last entry that they show."""

    def __init__(self) -> None:
        self.seq = 0
        self.cards: dict[str, Card] = {}
        self.faults: list[str] = []
        self.is_stale = False  # as the last heartbeat says

    def hear(self, message: dict[str, Any]) -> None:
        """Apply a message as a page does, and note what may not be."""
        if message["seq"] < self.seq:
            self.faults.append(f"after {self.seq} came {message['seq']}")
        self.seq = message["seq"]
        if message["type"] == "snapshot":
            self.cards = {}
        if message["type"] == "heartbeat":
            self.is_stale = message.get("stale", False)
        for card in message.get("cards", []):
            held = self.cards.get(card["id"])
            if held and held["version"] > card["version"]:
                self.faults.append(f"card {card['id']} went from version {held['version']} to {card['version']}")
            self.cards[card["id"]] = card
        for gone in message.get("gone", []):
            self.cards.pop(gone, None)


class Watcher(threading.Thread):
    """One person's console, on a socket that is opened anew whenever it is lost."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__(name=f"console at {address}", daemon=True)
        self.address, self.token = address, token
        self.mirror = Mirror()
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.returns = -1

    def run(self) -> None:
        """Listen until told to stop."""
        while not self.over.is_set():
            with suppress(*LOST), self._open(self.mirror.seq) as socket:
                self.returns += 1
                self._listen(socket)
            self.over.wait(AGAIN_SECONDS)

    def _open(self, since: int | None) -> ClientConnection:
        query = f"?since={since}" if since else ""
        headers = {"Authorization": f"Bearer {self.token}"}
        return connect(
            f"{self.address}{query}",
            additional_headers=headers,
            open_timeout=PATIENCE,
            compression=None,
            max_size=None,
            proxy=None,
        )

    def _listen(self, socket: ClientConnection) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                message = json.loads(socket.recv(timeout=LOOK_SECONDS))
                with self.lock:
                    self.mirror.hear(message)
                if message["type"] == "heartbeat":
                    socket.send(json.dumps({"type": "seen", "seq": message["seq"]}))

    def disagreements(self) -> list[str]:
        """Return what went wrong on the way, and where the cards differ from those of a page opened now."""
        fresh = self._snapshot()
        held = self.cards()
        with self.lock:
            found = list(self.mirror.faults)
        differing = {key for key in held.keys() | fresh.keys() if held.get(key) != fresh.get(key)}
        return found + [f"card {key} is not as in a snapshot" for key in sorted(differing)]

    def is_stale(self) -> bool:
        """Tell whether the page has been told that what it shows may be old."""
        with self.lock:
            return self.mirror.is_stale

    def cards(self) -> dict[str, Card]:
        """Return what the page shows now."""
        with self.lock:
            return dict(self.mirror.cards)

    def _snapshot(self) -> dict[str, Card]:
        mirror = Mirror()
        with self._open(None) as socket:
            while not mirror.seq:
                message = json.loads(socket.recv(timeout=PATIENCE))
                if message["type"] == "snapshot":
                    mirror.hear(message)
                    break
        return mirror.cards

    def stop(self) -> None:
        """End the thread."""
        self.over.set()
        self.join(timeout=PATIENCE)


@contextmanager
def watching(watchers: Sequence[Watcher]) -> Iterator[Sequence[Watcher]]:
    """Have consoles open for as long as the block lasts."""
    for watcher in watchers:
        watcher.start()
    try:
        yield watchers
    finally:
        for watcher in watchers:
            watcher.stop()
