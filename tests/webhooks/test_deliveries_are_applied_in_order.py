"""How deliveries reach their handler: together, in order per call, each failure on its own."""

from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.models import Entry
from commsportal import clock, worker
from tests.webhooks.deliveries import Recorder, make, shift
from webhooks import deliveries, handlers
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db
APPLY = "UPDATE webhooks_delivery SET status = 'applied', due_at = NULL, applied_at = now() WHERE id = %s"


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A handler that notes what it was given, in place of the portal's own."""
    recorder = Recorder()
    monkeypatch.setattr(handlers, "_handlers", {"call": recorder})
    return recorder


def work() -> None:
    """Do all that deliveries want done at this moment."""
    while claimed := deliveries.claim(1):
        for rows in claimed:
            deliveries.apply(rows)


def test_new_deliveries_are_applied_in_one_batch_in_their_order(applied: Recorder) -> None:
    rows = [make(call) for call in ("a", "b", "a", "", "c")]
    work()
    assert applied.batches == [[row.pk for row in rows]]
    stored = Delivery.objects.get(pk=rows[0].pk)
    assert (stored.status, stored.due_at, stored.lease, stored.attempts) == ("applied", None, None, 1)
    assert stored.applied_at is not None


def test_a_worker_applies_them_among_its_duties(applied: Recorder) -> None:
    row = make("a")
    worker.run_pending()
    assert applied.seen == [row.pk]


def test_a_long_backlog_is_taken_in_batches(applied: Recorder) -> None:
    rows = [make(f"call-{n % 7}") for n in range(deliveries.BATCH * 2 + 10)]
    work()
    assert [len(batch) for batch in applied.batches] == [deliveries.BATCH + 1, deliveries.BATCH + 1, 8]
    assert applied.seen == [row.pk for row in rows]


@pytest.mark.control("R22")
@pytest.mark.case(53)
def test_rings_come_before_older_history(applied: Recorder) -> None:
    for number in range(deliveries.BATCH * 2):
        make(f"old-{number}")
    ring = make("new", is_ring=True)
    work()
    assert ring.pk in applied.batches[0]
    assert len(applied.seen) == deliveries.BATCH * 2 + 1


def test_a_ring_does_not_overtake_its_own_call(applied: Recorder) -> None:
    first = [make(f"old-{number}") for number in range(deliveries.BATCH + 5)]
    early, ring = make("new"), make("new", is_ring=True)
    work()
    assert applied.seen.index(early.pk) < applied.seen.index(ring.pk)
    assert len(applied.seen) == len(first) + 2


@pytest.mark.control("R18")
def test_rings_whose_ends_wait_behind_them_still_fill_a_batch(applied: Recorder) -> None:
    for wave in range(3):
        for change in ("ring", "end"):
            for number in range(deliveries.BATCH):
                make(f"call-{wave}-{number}", is_ring=change == "ring")
    work()
    assert [len(batch) for batch in applied.batches[:3]] == [deliveries.BATCH + 1] * 3
    assert len(applied.seen) == deliveries.BATCH * 6


def test_a_poison_waits_and_the_others_of_its_call_go_on(applied: Recorder) -> None:
    before, poison, after = make("a"), make("a"), make("a")
    applied.poisons = {poison.pk}
    work()
    assert applied.done == [before.pk, after.pk]
    poison.refresh_from_db()
    assert (poison.status, poison.attempts, poison.error) == ("pending", 1, "ValueError: poison")
    assert poison.due_at > clock.now()


@pytest.mark.control("R18")
def test_a_poison_is_dead_after_eight_attempts_and_on_record(
    applied: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = make("a")
    applied.poisons = {poison.pk}
    pauses = []
    while not Delivery.objects.filter(status="dead").exists():
        work()
        poison.refresh_from_db()
        if poison.due_at:
            pauses.append(round((poison.due_at - clock.now()).total_seconds()))
            shift(monkeypatch, poison.due_at)
    assert pauses == [1, 2, 4, 8, 16, 32, 60]
    assert (poison.attempts, poison.due_at, poison.error) == (8, None, "ValueError: poison")
    entry = Entry.objects.get(kind="delivery.dead")
    assert (entry.data["delivery"], entry.actor, entry.tenant_id) == (poison.pk, "system", poison.tenant_id)


@pytest.mark.control("W4")
def test_what_must_not_be_applied_is_dead_at_once(applied: Recorder) -> None:
    row, other = make("a"), make("b")
    applied.refused = {row.pk}
    work()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("dead", 1)
    assert "Unacceptable" in row.error
    assert applied.done == [other.pk]
    assert Entry.objects.filter(kind="delivery.dead").count() == 1


@pytest.mark.case(5)
@pytest.mark.parametrize("body", ['"text"', "17", "null", "[]"])
def test_an_item_that_is_no_object_is_dead_and_the_others_are_applied(applied: Recorder, body: str) -> None:
    before, bad, after = make("a"), make("", body=body), make("b")
    work()
    assert applied.batches == [[before.pk, after.pk]]
    bad.refresh_from_db()
    assert bad.status == "dead"


def test_a_kind_that_nobody_handles_is_dead(applied: Recorder) -> None:
    row = make("a", kind="weather")
    work()
    row.refresh_from_db()
    assert (row.status, "weather" in row.error) == ("dead", True)


def test_a_batch_that_fails_leaves_nothing_half_done(applied: Recorder) -> None:
    rows = [make("a"), make("b"), make("c")]
    applied.poisons = {rows[1].pk}
    work()
    assert applied.batches == [[row.pk for row in rows], [rows[0].pk], [rows[1].pk], [rows[2].pk]]
    assert applied.done == [rows[0].pk, rows[2].pk]


def test_who_comes_back_is_applied_before_what_came_after_it(
    applied: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make("a")
    applied.poisons = {first.pk}
    work()
    first.refresh_from_db()
    later, other = make("a"), make("b")
    applied.poisons.clear()
    assert first.due_at is not None
    shift(monkeypatch, first.due_at)
    work()
    assert applied.done.index(first.pk) < applied.done.index(later.pk)
    assert other.pk in applied.done


def test_two_workers_never_hold_the_same_call(applied: Recorder) -> None:
    first = make("a")
    (held,) = deliveries.claim(1)
    second, other = make("a"), make("b")
    (free,) = deliveries.claim(1)
    assert [row.pk for row in held] == [first.pk]
    assert [row.pk for row in free] == [other.pk]
    assert deliveries.claim(1) == []
    deliveries.apply(free)
    deliveries.apply(held)
    work()
    assert applied.done == [other.pk, first.pk, second.pk]


def test_deliveries_that_name_no_call_do_not_wait_for_each_other(applied: Recorder) -> None:
    make("")
    (held,) = deliveries.claim(1)
    make("")
    assert len(deliveries.claim(1)) == 1
    assert len(held) == 1


@pytest.mark.case(12)
@pytest.mark.control("R19")
def test_who_lost_the_lease_changes_nothing(applied: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make("a"), make("b")]
    (slow,) = deliveries.claim(1)
    shift(monkeypatch, clock.now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1))
    work()
    assert applied.done == [row.pk for row in rows]
    deliveries.apply(slow)
    assert applied.done == [row.pk for row in rows]
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {2}


@pytest.mark.control("R5")
@pytest.mark.control("R19")
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks the whole database, not rows")
def test_what_is_applied_late_and_not_committed_yet_is_nobody_elses(
    applied: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, same_call, other = make("a"), make("a"), make("b")
    shift(monkeypatch, clock.now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1))
    with psycopg.connect(**connection.get_connection_params()) as applying:
        applying.execute(APPLY, [late.pk])
        assert [[row.pk for row in rows] for rows in deliveries.claim(1)] == [[other.pk]]
    assert [[row.pk for row in rows] for rows in deliveries.claim(1)] == [[same_call.pk]]
    late.refresh_from_db()
    assert (late.status, late.lease, late.attempts) == ("applied", None, 0)


@pytest.mark.control("R2")
@pytest.mark.control("R18")
def test_who_kills_its_worker_is_applied_alone_and_in_the_end_dead(
    applied: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [make("a"), make("b"), make("c")]
    killer = rows[1]
    for _ in range(12):
        for claimed in deliveries.claim(1):
            if killer.pk not in [row.pk for row in claimed] or claimed[-1].attempts > deliveries.MOST_ATTEMPTS:
                deliveries.apply(claimed)
        shift(monkeypatch, clock.now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1))
    killer.refresh_from_db()
    assert (killer.status, killer.attempts) == ("dead", deliveries.MOST_ATTEMPTS + 1)
    assert applied.done == [rows[0].pk, rows[2].pk]


def test_a_dead_delivery_is_replayed_on_somebodys_word(applied: Recorder) -> None:
    row = make("a")
    applied.refused = {row.pk}
    work()
    row.refresh_from_db()
    applied.refused.clear()
    deliveries.replay(row, "ada")
    assert (row.status, row.attempts, row.error) == ("pending", 0, "")
    work()
    assert applied.done == [row.pk]
    entry = Entry.objects.get(kind="delivery.replayed")
    assert (entry.actor, entry.data["delivery"]) == ("ada", row.pk)


def test_what_is_not_dead_cannot_be_replayed(applied: Recorder) -> None:
    row = make("a")
    with pytest.raises(deliveries.NotDead):
        deliveries.replay(row, "ada")
    assert not Entry.objects.exists()


def test_replay_is_a_command(applied: Recorder) -> None:
    row = make("a")
    applied.refused = {row.pk}
    work()
    call_command("replay", str(row.pk), "--actor", "ada")
    row.refresh_from_db()
    assert row.status == "pending"
    assert Entry.objects.get(kind="delivery.replayed").actor == "ada"
    with pytest.raises(CommandError, match="not dead"):
        call_command("replay", str(row.pk))
    with pytest.raises(CommandError, match="no delivery"):
        call_command("replay", "999999")


def test_the_oldest_applied_deliveries_stay(applied: Recorder) -> None:
    row = make("a", received_at=clock.now() - timedelta(days=400))
    work()
    worker.run_pending()
    assert Delivery.objects.filter(pk=row.pk, status="applied").exists()
