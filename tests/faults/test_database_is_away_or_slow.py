"""The way to the database is slow, or gone: 503 soon, nothing piles up, and all goes on by itself."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from calls import commands
from calls.models import Call
from commsportal import worker as workers
from commsportal.worker import Worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service
from tests.faults.network import Network, network
from tests.faults.working import wait_until, working
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks import writer
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.storage import PostgresStore, Store
from webhooks.writer import Writer

__all__ = ["network", "working"]
CROWD, ROOM = 30, 10
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def over_the_network(network: Network, issuer: Issuer, transactional_db: None) -> Iterator[Intake]:
    """Return an intake whose way to PostgreSQL is the network."""

    def open_store() -> Store:
        store = PostgresStore(connection)
        store._parameters |= {"host": "127.0.0.1", "port": network.port}
        return store

    intake = Intake(issuer.verifier(), Writer(open_store, capacity=ROOM))
    yield intake
    network.go_on()
    intake.stop()


def accepted(intake: Intake, told: object, token: str) -> bool:
    return post_now(intake, told, token).status == 202


@pytest.mark.control("R7")
def test_a_network_that_stalls_is_503_and_nothing_piles_up(
    over_the_network: Intake, network: Network, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, intake = issuer.token(), over_the_network
    wait_until(lambda: accepted(intake, body(item(new_call())), token))
    network.stall()
    bodies = [body(item(new_call())) for _ in range(CROWD)]

    async def crowd() -> list[int]:
        answers = asyncio.gather(*(post(intake, told, token) for told in bodies))
        return [answer.status for answer in await answers]

    assert set(asyncio.run(crowd())) == {503}
    assert set(asyncio.run(crowd())) == {503}
    assert intake.in_flight == 0 and intake.writer.waiting() <= ROOM
    network.go_on()
    for told in bodies:
        wait_until(lambda told=told: accepted(intake, told, token))
    assert Delivery.objects.count() == CROWD + 1
    assert writer.ANSWER_SECONDS < 1


@pytest.mark.control("R6")
def test_a_network_that_breaks_is_503_and_202_once_it_is_whole(
    over_the_network: Intake, network: Network, issuer: Issuer
) -> None:
    token, intake = issuer.token(), over_the_network
    wait_until(lambda: accepted(intake, body(item(new_call())), token))
    for _ in range(2):
        network.break_down()
        assert {post_now(intake, body(item(new_call())), token).status for _ in range(3)} == {503}
        network.heal()
        told = body(item(new_call()))
        wait_until(lambda told=told: accepted(intake, told, token))
    assert Delivery.objects.count() == 3


@pytest.mark.control("R6")
def test_the_pool_does_not_wait_longer_and_longer_for_a_server_that_is_away(network: Network) -> None:
    """Its own pauses double up to five minutes, and nobody asks anew while one is under way."""
    known = connection.settings_dict | {"HOST": "127.0.0.1", "PORT": str(network.port)}
    own = type(connections["default"])(known, alias="over the network")
    try:
        network.break_down()
        wait_until(lambda: fails(own) and own.pool._nconns == 0)
        network.heal()
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        own.close()
        own.close_pool()


def fails(own: BaseDatabaseWrapper) -> bool:
    """Tell whether the database does not answer."""
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return True
    return False


@contextmanager
def taken_away() -> Iterator[None]:
    """Take the database away: on SQLite by its lock, on PostgreSQL by ending each connection that is made."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as own:
            own.execute("BEGIN IMMEDIATE")
            yield
        return
    known = connection.get_connection_params() | {"dbname": "postgres", "autocommit": True}
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with psycopg.connect(**known) as own:
        own.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )
            connection.close()
            yield
        finally:
            own.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for SQLite's lock no longer than 0.2 s, so that the test is short."""
    if connection.vendor == "sqlite":
        options = connections.databases["default"]["OPTIONS"]
        monkeypatch.setitem(options, "timeout", 0.2)


@pytest.mark.control("R6")
def test_workers_wait_and_come_again(
    main: Line,
    rita: User,
    service: Service,
    impatient: None,
    working: Worker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph_id = service.ring("main")
    wait_until(lambda: Call.objects.filter(graph_id=graph_id, state="incoming").exists())
    call = Call.objects.get(graph_id=graph_id)
    row = commands.redirect(call.pk, rita)
    wait_until(lambda: type(row).objects.filter(pk=row.pk, accepted_at__isnull=False).exists())
    with taken_away():
        wait_until(lambda: any(word in caplog.text for word in ("cannot look for work", "beat:")))
    again = service.ring("main")
    wait_until(lambda: Call.objects.filter(graph_id=again, state="incoming").exists())
    commands.redirect(Call.objects.get(graph_id=again).pk, rita)
    wait_until(lambda: len(service.made("redirect")) == 2)
    assert all(dispatcher.is_alive() for dispatcher in working.dispatchers)
    assert workers.BACK_OFF_SECONDS[1] <= 2
