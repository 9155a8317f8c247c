"""The database is away, locked or slow: 503, soon, and 202 again as soon as it is back."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg
import pytest
from django.db import connection

from commsportal.clock import now
from tests.webhooks.issuer import TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks import storage
from webhooks import writer as writer_module
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.storage import PostgresStore, Row, RowRefused, Store, open_store
from webhooks.writer import Writer

pytestmark = [pytest.mark.case(13), pytest.mark.control("R6")]
PATIENCE = 60  # seconds; a limit against hanging


class Stubborn:
    """A real store behind a switch: away, hanging, or picky about some rows."""

    def __init__(self) -> None:
        self.real: Store = open_store()
        self.is_away = False
        self.picky = ""
        self.calls: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.entered = threading.Event()

    def insert(self, rows: Sequence[Row]) -> None:
        self.calls.append(len(rows))
        self.entered.set()
        self.may_go_on.wait(PATIENCE)
        if self.is_away:
            raise ConnectionError("away")
        if self.picky and any(self.picky in row.body for row in rows):
            raise RowRefused("no")
        self.real.insert(rows)

    def close(self) -> None:
        self.real.close()


@pytest.fixture
def store(transactional_db: None, patience: None) -> Stubborn:
    return Stubborn()


@pytest.fixture
def intake(issuer: Issuer, store: Stubborn) -> Iterator[Intake]:
    intake = Intake(issuer.verifier(), Writer(lambda: store, capacity=5))
    yield intake
    store.may_go_on.set()
    intake.stop()


def test_away_and_back(intake: Intake, issuer: Issuer, store: Stubborn) -> None:
    token, told = issuer.token(), body(item(new_call()))
    store.is_away = True
    answer = post_now(intake, told, token)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    store.is_away = False
    assert post_now(intake, told, token).status == 202
    assert Delivery.objects.get().duplicates == 0


@pytest.mark.control("R7")
def test_a_database_that_hangs_keeps_nobody_waiting(
    intake: Intake, issuer: Issuer, store: Stubborn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 0.05)
    token = issuer.token()
    store.may_go_on.clear()
    late = body(item(new_call()))
    while not store.entered.is_set():  # until it is in the writer's hands
        assert post_now(intake, late, token).status == 503
    assert post_now(intake, body(item(new_call())), token).status == 503
    store.may_go_on.set()
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 60.0)
    assert post_now(intake, late, token).status == 202
    # Who was told 503 before the writer came to it was not written; who was in its hands was, and is recognised.
    assert Delivery.objects.get().duplicates == 1


@pytest.mark.control("R7")
def test_a_full_queue_refuses_at_once(intake: Intake, issuer: Issuer, store: Stubborn) -> None:
    token = issuer.token()
    store.may_go_on.clear()

    async def crowd() -> tuple[set[int], int]:
        first = asyncio.create_task(post(intake, body(item(new_call())), token))
        await asyncio.to_thread(store.entered.wait, PATIENCE)
        waiting = [asyncio.create_task(post(intake, body(item(new_call())), token)) for _ in range(5)]
        while intake.writer.waiting() < 5:
            await asyncio.sleep(0)
        one_more = await post(intake, body(item(new_call())), token)
        store.may_go_on.set()
        return {answer.status for answer in await asyncio.gather(first, *waiting)}, one_more.status

    assert asyncio.run(crowd()) == ({202}, 503)


def test_a_row_that_the_database_refuses_harms_no_other(intake: Intake, issuer: Issuer, store: Stubborn) -> None:
    store.picky = "unloved"
    token = issuer.token()
    store.may_go_on.clear()

    async def three() -> list[int]:
        blocker = asyncio.create_task(post(intake, body(item(new_call())), token))
        await asyncio.to_thread(store.entered.wait, PATIENCE)
        bodies = [body(item(new_call(), note=note)) for note in ("a", "unloved", "b")]
        tasks = [asyncio.create_task(post(intake, told, token)) for told in bodies]
        while intake.writer.waiting() < 3:
            await asyncio.sleep(0)
        store.may_go_on.set()
        return [(await task).status for task in (blocker, *tasks)]

    assert asyncio.run(three()) == [202, 202, 400, 202]
    assert store.calls == [1, 3, 1, 1, 1]
    assert Delivery.objects.count() == 3


def test_many_in_flight_are_one_statement(intake: Intake, issuer: Issuer, store: Stubborn) -> None:
    token = issuer.token()
    store.may_go_on.clear()

    async def crowd() -> set[int]:
        blocker = asyncio.create_task(post(intake, body(item(new_call())), token))
        await asyncio.to_thread(store.entered.wait, PATIENCE)
        tasks = [
            asyncio.create_task(post(intake, body(item(new_call()), item(new_call())), token)) for _ in range(5)
        ]
        while intake.writer.waiting() < 5:
            await asyncio.sleep(0)
        store.may_go_on.set()
        return {answer.status for answer in await asyncio.gather(blocker, *tasks)}

    assert asyncio.run(crowd()) == {202}
    assert store.calls == [1, 10]


@pytest.mark.parametrize("count", [2, 100])
def test_what_is_stored_together_is_stored_whole_or_not_at_all(transactional_db: None, count: int) -> None:
    rows = [Row(now(), TENANT, f"message {n}", 0, "call", True, "", "", "{}") for n in range(count)]
    store = open_store()
    with pytest.raises(RowRefused):
        store.insert([*rows, rows[0]._replace(message_key="odd", body=None)])  # type: ignore[arg-type]
    assert not Delivery.objects.exists()
    store.insert(rows)
    assert Delivery.objects.count() == count
    store.close()


@pytest.mark.control("R7")
def test_a_locked_table_is_a_503_and_free_again_a_202(issuer: Issuer, transactional_db: None) -> None:
    assert storage.BUSY_SECONDS < writer_module.ANSWER_SECONDS < 1  # after which it is a 503
    intake = Intake(issuer.verifier(), Writer())
    token, told = issuer.token(), body(item(new_call()))
    with locked():
        assert post_now(intake, told, token).status == 503
    assert post_until_stored(intake, told, token) == 202
    assert Delivery.objects.count() == 1
    intake.stop()


@pytest.mark.control("R7")
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks the whole database, not rows")
def test_a_repetition_of_what_is_being_applied_holds_nobody_up(
    issuer: Issuer, transactional_db: None, patience: None
) -> None:
    intake = Intake(issuer.verifier(), Writer())
    token, told, other = issuer.token(), body(item(new_call())), body(item(new_call()))
    assert post_now(intake, told, token).status == 202

    async def together() -> list[int]:
        return [
            answer.status for answer in await asyncio.gather(*(post(intake, one, token) for one in (told, other)))
        ]

    with psycopg.connect(**connection.get_connection_params()) as applying:
        applying.execute("SELECT id FROM webhooks_delivery FOR UPDATE")
        assert asyncio.run(together()) == [202, 202]
    assert Delivery.objects.count() == 2
    intake.stop()


def post_until_stored(intake: Intake, told: object, token: str) -> int:
    """Do as a sender does that is told 503: come again."""
    for _ in range(20):
        if (status := post_now(intake, told, token).status) != 503:
            break
    return status


def locked() -> "closing[sqlite3.Connection] | psycopg.Connection[object]":
    """Hold the deliveries locked against everybody, on a connection of its own."""
    if connection.vendor == "sqlite":
        own = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        own.execute("BEGIN IMMEDIATE")
        return closing(own)
    other = psycopg.connect(**connection.get_connection_params())
    other.execute("LOCK TABLE webhooks_delivery IN ACCESS EXCLUSIVE MODE")
    return other


class Proxy:
    """A way to PostgreSQL that can be cut: connections are reset, new ones refused."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.ends: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open()

    def open(self) -> None:
        self.thread = threading.Thread(target=self._accept, args=(self.listener,), daemon=True)
        self.thread.start()

    def cut(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for end in self.ends:
            end.close()

    def mend(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.open()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self.ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def test_a_lost_way_to_postgresql_is_found_again(issuer: Issuer, transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    settings = connection.settings_dict
    proxy = Proxy(settings["HOST"] or "127.0.0.1", int(settings["PORT"] or 5432))

    def through_proxy() -> Store:
        store = PostgresStore(connection)
        store._parameters |= {"host": "127.0.0.1", "port": proxy.port}
        return store

    intake = Intake(issuer.verifier(), Writer(through_proxy))
    token = issuer.token()
    assert post_until_stored(intake, body(item(new_call())), token) == 202
    proxy.cut()
    assert [post_now(intake, body(item(new_call())), token).status for _ in range(3)] == [503] * 3
    proxy.mend()
    assert post_until_stored(intake, body(item(new_call())), token) == 202
    assert Delivery.objects.count() == 2
    intake.stop()
    proxy.cut()


def test_a_file_that_is_not_there_is_not_made(issuer: Issuer, transactional_db: None, tmp_path: object) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    store = open_store()
    store._name = f"{tmp_path}/portal.sqlite3"  # type: ignore[attr-defined]
    with pytest.raises(sqlite3.OperationalError):
        store.insert([])
