"""What `/metrics` tells: of every process, and never who called whom."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from audit.models import Entry
from calls.claims import CLAIMS_LOST
from calls.live import figures as figures_of_live
from calls.models import Call
from commsportal import clock, figures, worker
from commsportal.models import Beat
from commsportal.worker import Heart
from directory.models import User
from graph import auth, conf
from tests.people import api, tenant_id
from tests.webhooks.deliveries import make
from tests.webhooks.notifications import new_call
from webhooks import graph_figures, intake

pytestmark = pytest.mark.control("P6")
LABELS = {"generation", "implementation", "kind", "le", "major", "minor", "of", "patchlevel", "request", "status",
          "version", "why", "directive", "queue"}  # fmt: skip
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def told() -> dict[str, float]:
    """Return what this machine is told."""
    text = Client().get("/metrics").content.decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}


def count_in(count: int, age: float) -> str:
    """Return the snapshot of a process that counted so much."""
    registry = CollectorRegistry()
    Counter("c", "count", ["x"], registry=registry).labels("a").inc(count)
    Gauge("g", "gauge", registry=registry).set(age)
    Histogram("h", "histogram", buckets=(1, 2), registry=registry).observe(count)
    shared, figures.SHARED = figures.SHARED, registry  # type: ignore[misc]
    try:
        return figures.snapshot()
    finally:
        figures.SHARED = shared  # type: ignore[misc]


def test_counts_add_up_and_of_gauges_the_largest_counts() -> None:
    found = {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for metric in figures.merged([count_in(1, 7.0), "", count_in(2, 5.0)])
        for sample in metric.samples
    }
    assert found["c_total[('x', 'a')]"] == 3 and found["g[]"] == 7
    assert found["h_count[]"] == 2 and found["h_sum[]"] == 3 and found["h_bucket[('le', '1.0')]"] == 1


@pytest.mark.django_db
def test_what_a_worker_counted_is_told_by_the_web_as_long_as_it_lives() -> None:
    key = 'portal_graph_answers_total{request="POST /communications/calls/{id}/answer",status="202"}'
    graph_figures.observe("POST", "/communications/calls/{id}/answer", 202, 0.3)
    here = told()[key]
    heart = Heart("worker")
    heart.beat()
    assert told()[key] == 2 * here
    Beat.objects.update(at=clock.now() - timedelta(minutes=1))
    assert told()[key] == here


@pytest.mark.django_db
def test_tokens_are_told_by_their_age_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = [
        auth.TokenStatus(tenant_id(), 100.0, 3000.0, "canary", 0),
        auth.TokenStatus("other", 50.0, 200.0, "", 2),
    ]
    monkeypatch.setattr(conf, "token_statuses", lambda: statuses)
    found = told()
    assert found["portal_token_age_seconds"] == 100
    assert found["portal_token_past_its_end_seconds"] == -200
    assert found["portal_token_failures"] == 2
    monkeypatch.setattr(conf, "token_statuses", list)
    assert "portal_token_age_seconds" not in told()


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_nobody_renewed_is_counted(rita: User, main: Any) -> None:
    at = clock.now()
    call = Call.objects.create(
        tenant_id=tenant_id(), graph_id=new_call(), line=main, state="ringing", received_at=at,
        claim_owner=rita, claim_until=at - timedelta(seconds=1), claim_fence=1, direction="incoming",
        last_seen_at=at,
    )  # fmt: skip
    call.timers.create(kind="claim", due_at=at)
    before = CLAIMS_LOST._value.get()
    worker.run_pending(max_rounds=1)
    assert Entry.objects.filter(kind="claim.lost").count() == 1
    assert CLAIMS_LOST._value.get() == before + 1 and told()["portal_claims_lost_total"] == before + 1


@pytest.mark.django_db(transaction=True)
def test_no_label_holds_what_strangers_or_people_wrote(rita: User, main: Any) -> None:
    strange = "canary-name +15550100 rita@contoso.example"
    make(new_call(), kind="call", body=f'{{"value": "{strange}"}}')
    Beat.objects.create(name="canary host 4711", kind="worker", at=clock.now())
    api(rita).get("/api/v1/calls/?search=canary")
    Client().get("/canary/")
    Client().post(
        "/csp-reports", b'{"csp-report": {"effective-directive": "canary"}}', content_type="x/csp-report"
    )
    worker.run_pending()
    intake._count(401)
    figures_of_live.count_end(figures_of_live.UNRESPONSIVE)
    text = Client().get("/metrics").content.decode()
    shown = [line for line in text.splitlines() if line[0] != "#"]
    labels = {pair for line in shown for pair in PAIR.findall(line)}
    assert {name for name, _ in labels} <= LABELS
    assert {"kind", "status", "why"} <= {name for name, _ in labels}
    told = [value for name, value in labels if name not in ("version", "le")]
    assert [value for value in told if re.search(r"canary|@|\d{4}|[0-9a-f]{8}", value)] == []
