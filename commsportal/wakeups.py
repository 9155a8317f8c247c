"""Wake-ups between processes: they carry no data and may be lost; whoever waits also looks by itself.

PostgreSQL: `NOTIFY` in the transaction that commits the news. SQLite: `PRAGMA data_version` changes with any
commit of another connection, so there is nothing to announce.
"""

import logging
import select
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from urllib.parse import quote

import psycopg
from django.db import connection, connections

CHANNEL = "commsportal"
POLL_SECONDS = 0.005
REGARDLESS_SECONDS = 1.0
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


def announce() -> None:
    """Wake the processes that wait, once the present transaction commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


class Listener(threading.Thread):
    """Call `callback` in a thread of its own after commits elsewhere, and once a second regardless.

    The callback must return at once. The database may go and come back: the listener connects again.
    """

    def __init__(self, callback: Callable[[], object]) -> None:
        super().__init__(name="wake-ups", daemon=True)
        self.callback = callback
        self.stopping = threading.Event()
        self.listening = threading.Event()  # set while a connection stands; tests wait for it
        self._stop_reader, self._stop_writer = socket.socketpair()

    def run(self) -> None:
        """Listen until `stop`."""
        listen = self._listen if connection.vendor == "postgresql" else self._poll
        away = False
        while not self.stopping.is_set():
            try:
                listen()
                away = False
            except (psycopg.Error, sqlite3.Error, OSError) as error:
                if not away:
                    logger.warning("no wake-ups: %s", error)
                away = True
            self.listening.clear()
            if not self.stopping.is_set():
                self._wake()
                self.stopping.wait(RETRY_SECONDS)
        self._stop_reader.close()
        self._stop_writer.close()

    def stop(self) -> None:
        """End the thread and wait for it."""
        if not self.stopping.is_set():
            self.stopping.set()
            with suppress(OSError):  # the thread may have seen it already and gone
                self._stop_writer.send(b"x")
        if self.is_alive():
            self.join(timeout=3)

    def _wake(self) -> None:
        try:
            self.callback()
        except Exception:
            logger.exception("a wake-up was not taken")

    def _listen(self) -> None:
        parameters = connections["default"].get_connection_params()
        with psycopg.connect(**parameters, autocommit=True) as own:
            own.execute(f"LISTEN {CHANNEL}")
            self.listening.set()
            self._wake()
            ends = [own.fileno(), self._stop_reader.fileno()]
            while not self.stopping.is_set():
                select.select(ends, [], [], REGARDLESS_SECONDS)
                for _ in own.notifies(timeout=0):
                    pass
                self._wake()

    def _poll(self) -> None:
        name = quote(str(connections["default"].settings_dict["NAME"]))
        with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True, timeout=0.1)) as own:
            self.listening.set()
            seen, idle = None, 0.0
            while not self.stopping.wait(POLL_SECONDS):
                version = own.execute("PRAGMA data_version").fetchone()
                idle += POLL_SECONDS
                if version != seen or idle >= REGARDLESS_SECONDS:
                    seen, idle = version, 0.0
                    self._wake()
