"""Invariants are registered once, looked at twice, told with what to do, and noticed when they do not hold."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from audit import trail
from commsportal import invariants, soundness
from commsportal.clock import now
from commsportal.invariants import Invariant, Progress
from commsportal.models import Beat, IdempotencyKey
from tests.found import found
from tests.webhooks.deliveries import make

pytestmark = pytest.mark.django_db
SIGNED = f"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0aWQiOiJjb250b3NvIiwibiI6MX0.{'s' * 40}"


def doctor(*ids: str) -> str:
    """Return what the command says while all is well."""
    out = StringIO()
    call_command("doctor", *ids, stdout=out)
    return out.getvalue()


def test_every_invariant_of_the_portals_own_rows_is_registered_and_says_what_to_do() -> None:
    assert {one.id for one in invariants.registered()} == {
        *("I1", "I3", "I5", "I6", "I8", "I9", "I11", "I12", "I13", "I14", "I16", "I17", "I18", "I19"),
        "I20",
    }
    assert all(one.sentence and one.remedy.endswith(".") for one in invariants.registered())


def test_two_invariants_of_the_same_words_are_refused() -> None:
    first = invariants.registered()[0]
    invariants.register(first)
    with pytest.raises(ValueError, match="already"):
        invariants.register(Invariant(first.id, first.sentence, "Nothing.", lambda progress: ()))


def test_what_is_gone_at_the_second_look_was_under_way_and_is_no_finding() -> None:
    looks = iter([["passing", "lasting"], ["lasting", "new"]])
    report = invariants.examine(Invariant("I1", "", "", lambda progress: next(looks)))
    assert report.findings == ["lasting"]


def test_findings_without_end_are_cut_off() -> None:
    looked = []

    def check(progress: Progress) -> Iterator[str]:
        for number in range(1_000_000):
            looked.append(number)
            yield str(number)

    report = invariants.examine(Invariant("I1", "", "", check))
    assert len(report.findings) == invariants.MOST_FINDINGS and report.more
    assert len(looked) < 2000


def test_the_doctor_says_that_all_is_well() -> None:
    said = doctor()
    assert len(said.splitlines()) == len(invariants.registered())
    assert all(" holds: " in line for line in said.splitlines())


def test_the_doctor_says_what_it_found_and_what_to_do() -> None:
    delivery = make("call", due_at=now() - timedelta(minutes=2))
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("doctor", "I1", "I5", stdout=out)
    assert failed.value.returncode == 1
    heading, finding, remedy, other = out.getvalue().splitlines()
    assert heading.startswith("I1 does NOT hold: ") and other.startswith("I5 holds: ")
    assert finding.startswith(f"  I1: delivery {delivery.pk} is due since")
    assert remedy.startswith("  What to do: See that a worker runs")


def test_the_doctor_knows_what_it_can_check() -> None:
    assert doctor("I5").startswith("I5 holds") and doctor("I5").count("\n") == 1
    with pytest.raises(CommandError, match=r"Unknown: I99\. There are I1, I3") as failed:
        doctor("I5", "I99")
    assert failed.value.returncode == 2


def test_the_doctor_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from commsportal.management.commands import doctor as command

    with transaction.atomic():
        trail.append([trail.Event("one"), trail.Event("two")])
    monkeypatch.setattr(command, "PROGRESS_SECONDS", 0.0)
    err = StringIO()
    call_command("doctor", "I5", stdout=StringIO(), stderr=err)
    assert err.getvalue() == "I5: 1 rows so far\nI5: 2 rows so far\n"


@pytest.mark.control("I13")
@pytest.mark.parametrize(
    "what", ["SECRET_KEY", "SECRET_KEY_FALLBACKS 1", "GRAPH_CLIENT_SECRET", "a signed token", "an API token"]
)
def test_a_secret_in_any_row_is_noticed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "GRAPH_CLIENT_SECRET", "the secret of the client")
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", ["a key of former days"])
    texts = {
        "SECRET_KEY": settings.SECRET_KEY,
        "SECRET_KEY_FALLBACKS 1": "a key of former days",
        "GRAPH_CLIENT_SECRET": "the secret of the client",
        "a signed token": SIGNED,
        "an API token": f"cp_0123abcd_{'x' * 43}",
    }
    text = texts[what]
    assert found("I13") == []
    delivery = make("call", body=f'{{"name": "{text}"}}')
    with transaction.atomic():
        seq = trail.append([trail.Event("something", data={"text": text})])
    assert found("I13") == [
        f"I13: {what} stands in audit.entry.text of row {seq}",
        f"I13: {what} stands in webhooks.delivery.body of row {delivery.pk}",
    ]


@pytest.mark.control("I13")
def test_a_text_that_only_looks_a_little_like_a_secret_is_no_finding() -> None:
    make("call", body='{"name": "eyJ is how tokens begin, cp_ others; a PRIVATE KEY is kept elsewhere"}')
    assert found("I13") == []


@pytest.mark.control("I14")
def test_what_is_never_cleared_is_noticed() -> None:
    assert found("I14") == []
    long_ago = now() - timedelta(hours=27)
    IdempotencyKey.objects.create(user_id=1, path="/", key="k", body_digest="", created_at=long_ago)
    Beat.objects.create(name="worker here 1", kind="worker", at=long_ago)
    Beat.objects.create(name="worker here 2", kind="worker", at=now())
    assert [line.split()[:3] for line in found("I14")] == [
        ["I14:", "1", "answers"],
        ["I14:", "1", "processes"],
    ]


@pytest.mark.control("I14")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own checks")
def test_a_reference_that_leads_nowhere_is_noticed_on_sqlite() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("INSERT INTO routing_line_staff (line_id, user_id) VALUES (99, 98)")
        assert {line.split(" refers ")[1] for line in found("I14")} == {
            "to a row of routing_line that is not there",
            "to a row of directory_user that is not there",
        }
        cursor.execute("DELETE FROM routing_line_staff")


@pytest.mark.control("I14")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own checks")
def test_a_damaged_row_is_noticed_on_sqlite() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute("INSERT INTO audit_head (id, seq, hash) VALUES (2, 0, '')")
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
        assert found("I14") == ["I14: the file is damaged: CHECK constraint failed in audit_head"]
        cursor.execute("DELETE FROM audit_head WHERE id = 2")


@pytest.mark.control("I14")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own checks")
def test_a_log_that_nobody_clears_is_noticed_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = tmp_path_factory.mktemp("log") / "portal.sqlite3"
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(name))
    with name.with_name("portal.sqlite3-wal").open("wb") as log:
        log.truncate(soundness.LONGEST_LOG + 1)
    assert found("I14") == ["I14: the write-ahead log is never cleared: somebody reads without an end"]


@pytest.mark.control("I14")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own checks")
def test_a_constraint_that_was_never_validated_is_noticed_on_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_head ADD CONSTRAINT of_a_test CHECK (seq >= 0) NOT VALID")
    assert found("I14") == ["I14: constraint audit_head.of_a_test was never validated"]
