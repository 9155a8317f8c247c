"""Durable intake against `pgbench` doing the same insert: requests answered 202 against its transactions."""

import re
import subprocess
import tempfile
import time
from contextlib import ExitStack

import psycopg

from tests.bench import rig
from tests.bench.clients import Posted, post_all
from tests.bench.notifications import Requests, body
from tests.bench.report import middle, milliseconds, ratio, say

CONNECTIONS = 32
ROUNDS = 3
PGBENCH_SECONDS = 3
STORED, APPLIED = 6000, 3000
CLIENTS = 8
APPLIED_SECONDS = 180
WARMING = 1000  # until the worker has started and the tables are such that plans use their indexes


async def measure() -> None:
    """Measure both databases and both servers against one figure of pgbench."""
    server, tool = rig.postgresql(), rig.pgbench()
    say(f"intake: {CONNECTIONS} connections, bodies of about 1 KB, median of {ROUNDS} rounds")
    if server is None:
        say("  no PostgreSQL answers (BENCH_DATABASE_URL, DATABASE_URL, the local socket): SQLite alone, no ratio")
    elif tool is None:
        say("  pgbench is not installed: absolute figures only")
    with ExitStack() as stack:
        other = stack.enter_context(rig.database(server)) if server else None
        compared = Compared(tool, other) if tool and other else None
        for on in [other, stack.enter_context(rig.database())]:
            if on is not None:
                await one_database(on, compared)


class Compared:
    """What pgbench does, measured again beside each round of ours."""

    def __init__(self, tool: str, on: rig.Database) -> None:
        self.tool, self.on = tool, on

    def rate(self) -> float:
        """Return transactions a second of the same insert, by eight clients with prepared statements."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(insert())
            script.flush()
            options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(PGBENCH_SECONDS)]
            command = [self.tool, *options, "-f", script.name, self.on.url.replace("postgres://", "postgresql://")]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        assert found, done.stdout
        return float(found[1])


def insert() -> str:
    """Return the insert of `webhooks.storage` for one row, each time with another key."""
    content = body("00000000-0000-4000-8000-000000000000", "incoming", "x", "created").decode().replace("'", "''")
    columns = (
        'received_at, due_at, tenant_id, message_key, "index", call_key, is_ring, scenario_id, query, body,'
        " duplicates, kind, attempts, status, error, applied_at"
    )
    values = (
        "now(), NULL, '11111111-1111-4111-8111-111111111111', gen_random_uuid()::text, 0, gen_random_uuid()::text,"
        f" true, '', '', '{content}', 0, 'call', 0, 'applied', '', now()"
    )
    return f"INSERT INTO webhooks_delivery ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING;"


async def one_database(on: rig.Database, compared: Compared | None) -> None:
    """Measure what is stored under both servers, and what is applied under uvicorn."""
    requests = Requests(rig.seed(on, 1)["instance_id"])
    aims = {"uvicorn": 0.75, "daphne": 0.0} if on.kind == "PostgreSQL" else {"uvicorn": 1.0, "daphne": 0.0}
    for kind, aim in aims.items():
        theirs, ours = [], []
        with rig.serving(kind, on) as served:
            await post_all(served.port, requests.rings(500), CONNECTIONS)
            for _ in range(ROUNDS):
                theirs += [compared.rate()] if compared else []
                ours.append(await post_all(served.port, requests.rings(STORED), CONNECTIONS))
        tell(f"{on.kind}, {kind}, stored", ours, theirs, aim)
    forget(on)
    theirs, rates = [], []
    with rig.serving("uvicorn", on) as served, rig.working(on):
        await applied(on, served.port, requests, WARMING)
        for _ in range(ROUNDS):
            theirs += [compared.rate()] if compared else []
            vacuum(on)
            rates.append(await applied(on, served.port, requests))
    aim = 0.5 if on.kind == "PostgreSQL" else 0.0
    rate = middle(rates)
    say(f"  {on.kind + ', uvicorn and one worker, applied':<50}{rate:8.0f}/s {against(rate, theirs, aim)}")


async def applied(on: rig.Database, port: int, requests: Requests, count: int = APPLIED) -> float:
    """Return how many notifications a second are received and applied, from the first to the last."""
    load = requests.short_calls(count)
    began = time.monotonic()
    posted = await post_all(port, load, CONNECTIONS)
    assert posted.accepted == count, posted.statuses
    rig.wait_until(lambda: not is_left(on), APPLIED_SECONDS, every=0.02)
    return count / (time.monotonic() - began)


def is_left(on: rig.Database) -> bool:
    """Tell whether a delivery waits."""
    return bool(query(on, "SELECT EXISTS (SELECT 1 FROM webhooks_delivery WHERE due_at IS NOT NULL)"))


def forget(on: rig.Database) -> None:
    """Take the deliveries that were only stored out of the worker's way."""
    query(
        on, "UPDATE webhooks_delivery SET due_at = NULL, status = 'applied' WHERE due_at IS NOT NULL RETURNING 0"
    )


def vacuum(on: rig.Database) -> None:
    """Do what autovacuum does within a minute: a round is shorter, and a server may run without it."""
    if on.url:
        with psycopg.connect(on.url, autocommit=True) as own:
            own.execute("VACUUM (ANALYZE)")


def query(on: rig.Database, sql: str) -> object:
    """Return the first value that the database answers."""
    if on.url:
        with psycopg.connect(on.url, autocommit=True) as own:
            row = own.execute(sql).fetchone()  # type: ignore[arg-type]
    else:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(on.data_dir / "portal.sqlite3", timeout=10, isolation_level=None)) as own:
            row = own.execute(sql).fetchone()
    return row[0] if row else 0


def tell(name: str, ours: list[Posted], theirs: list[float], aim: float) -> None:
    """Print one line."""
    rate = middle([posted.rate for posted in ours])
    latencies = [latency for posted in ours for latency in posted.latencies]
    refused = sum(count for posted in ours for status, count in posted.statuses.items() if status != 202)
    note = f"  {refused} not accepted" if refused else ""
    say(f"  {name:<50}{rate:8.0f}/s {against(rate, theirs, aim)}  {milliseconds(latencies)}{note}")


def against(rate: float, theirs: list[float], aim: float) -> str:
    """Return the comparison with pgbench."""
    if not theirs:
        return ""
    compared = f"pgbench -c{CLIENTS} {middle(theirs):.0f}/s"
    return f"{compared} {ratio(rate, middle(theirs), aim)}" if aim else f"{compared} {rate / middle(theirs):6.0%}"
