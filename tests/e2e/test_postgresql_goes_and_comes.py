"""A PostgreSQL of the test's own is stopped, killed and filled up under a portal that is never restarted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any

import psycopg
import pytest

from tests import cluster
from tests.cluster import Cluster
from tests.e2e.databases import Database
from tests.e2e.outages import LOGGED, are_told, are_told_of_none, assert_says_come_again, show
from tests.e2e.receptionists import at_work
from tests.e2e.reconciling import Books
from tests.e2e.running import Demo, Portal, wait_for
from tests.invariants import assert_holds
from tests.watching import watching
from webhooks.deliveries import MOST_ATTEMPTS

pytestmark = pytest.mark.timeout(300)
RETRIES = 40  # of the simulator, together some minutes: longer than a database is away on a slow machine
LONGEST_FILE = 1 << 20  # bytes; segments of the server's log are as long
CRASHES, SEED, RATE, EACH = 4, 20261121, 4, 10
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> %s"
)
STATE = "status, attempts, due_at"
State = tuple[str, int, datetime | None]
GROW = (
    "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(found) || new)).* "
    "FROM (SELECT * FROM {table} LIMIT 1) found, generate_series(%s, %s) n, jsonb_build_object({small}) new"
)
ENTRY = "'seq', n, 'text', ''"
DELIVERY = "'id', n, 'message_key', n::text, 'body', ''"
NOT_YET_TAKEN = 1_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """Return a server that each test may end as it likes, and leaves running."""
    with cluster.made() as made:
        yield made.start()


@pytest.fixture(scope="module")
def books(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Return both sides of a demo on that server."""
    database = Database(tmp_path_factory.mktemp("away"), server.url())
    running = Demo(database.folder, **database.environ()).start()
    running.simulator("PUT", "/api/faults", {"callback_retries": RETRIES})
    yield Books(running, database)
    assert running.stop() == 0


@pytest.fixture(scope="module")
def rita(books: Books) -> Portal:
    """Return an API client of rita's."""
    return books.running.client("rita")


@contextmanager
def unharmed(books: Books) -> Iterator[None]:
    """See that no process of the portal ends within the block."""
    before = books.running.pids()
    yield
    assert books.running.pids() == before


@pytest.mark.control("R6")
def test_a_server_that_stops_and_starts_is_waited_for(books: Books, rita: Portal, server: Cluster) -> None:
    demo, known = books.running, books.running.ring()
    ringing = wait_for(lambda: rita.call(known), "call")
    with unharmed(books), watching([rita.console(), rita.console()]) as consoles:
        wait_for(lambda: show(consoles, ringing["id"]), "call on both consoles")
        with server.connect() as own:
            own.execute(TERMINATE, [own.info.backend_pid])
        with server.away():
            late = demo.ring("main", "+14255550191")
            wait_for(lambda: books.statuses()[503], "503 of the intake")
            wait_for(lambda: are_told(consoles), "word that the database is away")
            assert_says_come_again(rita, ringing["id"])
        wait_for(lambda: are_told_of_none(consoles), "word that it is back")
        wait_for(lambda: rita.call(late), "the call that came meanwhile")
        assert [one.returns for one in consoles] == [0, 0]
        assert set(books.statuses()) == {202, 503}
        assert_holds(books, watchers=consoles, expected_log=LOGGED)


@pytest.mark.control("R20")
def test_crashes_of_the_server_lose_nothing_that_was_answered(books: Books, rita: Portal, server: Cluster) -> None:
    demo, chosen, due = books.running, Random(SEED), len(books.rung()) + CRASHES * EACH
    with unharmed(books), at_work(demo, ("rita",), SEED) as people:
        for _ in range(CRASHES):  # each with rings of its own to come, however long the last one took
            demo.simulator("POST", "/api/load", {"rate": RATE, "count": EACH, "to": "main"})
            enough = len(books.acknowledged()) + chosen.randint(1, EACH)
            wait_for(lambda enough=enough: len(books.acknowledged()) >= enough, "more that is answered 202")
            chosen.choice((server.kill, server.stop_at_once))()
            server.start()
        wait_for(lambda: len(books.rung()) >= due, "last ring")
        people[0].over.set()
        assert people[0].broken_promises() == {}
    known = demo.ring()
    wait_for(lambda: rita.call(known), "next call")
    assert_holds(books, expected_log=LOGGED)
    assert "is whole" in demo.manage("verify_audit")


@pytest.mark.control("R8")
def test_a_disk_that_is_full_is_waited_for(books: Books, rita: Portal, server: Cluster) -> None:
    demo = books.running
    wait_for(lambda: not books.has_open_work(), "rest")
    known = demo.ring()
    ringing = wait_for(lambda: rita.call(known), "call")
    with unharmed(books), server.full(LONGEST_FILE), filled(server, "audit_entry", ENTRY):
        held = wait_for(lambda: demo.ring() and failing(books), "delivery that cannot be applied")
        seen = failed_for_long(server, held)
        wait_for(lambda: state(books, held) != seen, "one more attempt")
        assert_says_come_again(rita, ringing["id"])
        with filled(server, "webhooks_delivery", DELIVERY):
            before = books.statuses()[503]
            wait_for(lambda: demo.ring() and books.statuses()[503] > before, "503 of the intake")
    late = demo.ring("main", "+14255550193")
    wait_for(lambda: rita.call(late), "next call")
    make_due(server, held)
    wait_for(lambda: state(books, held)[0] != "pending", "end of that delivery")
    assert books.dead() == [] and state(books, held)[0] == "applied"
    assert set(books.statuses()) == {202, 503}
    assert_holds(books, expected_log=LOGGED)


@contextmanager
def filled(server: Cluster, table: str, small: str) -> Iterator[None]:
    """Have a table's file as long as files may be, and no page of it with room for one more row.

    The rows that fill it are of a transaction that is open for the length of the block: nobody sees them,
    and nothing that dies meanwhile is cleared away to make room.
    """
    with server.connect() as own, server.connect() as filling, filling.transaction(force_rollback=True):
        filling.execute("SELECT pg_current_xact_id()")
        own.execute(f"VACUUM FULL {table}")
        first = NOT_YET_TAKEN
        for rows in (100, 1):
            first = fill(filling, GROW.format(table=table, small=small), first, rows)
        yield


def fill(filling: "psycopg.Connection[Any]", grow: str, first: int, rows: int) -> int:
    """Add rows by so many until no more find room; return the first key that is still free."""
    with pytest.raises(psycopg.Error, match="could not extend file"):
        while True:
            with filling.transaction():
                filling.execute(grow, [first, first + rows - 1])
            first += rows
    return first


def failing(books: Books) -> int | None:
    """Return a delivery that is stored and cannot be applied."""
    rows = books.rows("SELECT id FROM webhooks_delivery WHERE status = 'pending' AND error <> '' LIMIT 1")
    return rows[0][0] if rows else None


def failed_for_long(server: Cluster, delivery: int) -> State:
    """Have a delivery failed so often that it may fail no more by its own fault, and due; return its state."""
    change = "UPDATE webhooks_delivery SET attempts = %s, due_at = now() WHERE id = %s RETURNING " + STATE
    with server.connect() as own:
        return own.execute(change, [MOST_ATTEMPTS - 1, delivery]).fetchone()


def make_due(server: Cluster, delivery: int) -> None:
    """Have a delivery that still waits for its next attempt get it now."""
    with server.connect() as own:
        own.execute("UPDATE webhooks_delivery SET due_at = now() WHERE id = %s AND status = 'pending'", [delivery])


def state(books: Books, delivery: int) -> State:
    """Return how far a delivery has come."""
    return books.rows(f"SELECT {STATE} FROM webhooks_delivery WHERE id = {delivery}")[0]
