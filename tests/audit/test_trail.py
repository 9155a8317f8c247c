"""The audit trail: gapless, chained, and every tampering located."""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit import trail, triggers
from audit.models import Entry, Head
from audit.trail import Event, append, verify
from tests.tried import Count

pytestmark = pytest.mark.django_db
TAMPERINGS = 500


def write(count: int) -> None:
    """Put `count` entries on record, with facts in every column."""
    for n in range(count):
        with transaction.atomic():
            append(
                [
                    Event(
                        kind="call.state",
                        actor="rita",
                        tenant_id="11111111-1111-4111-8111-111111111111",
                        line_id=n % 3,
                        call_id=uuid.UUID(int=n + 1),
                        data={"state": "established", "n": n, "ä": "\0\n"},
                    )
                ]
            )


def sql(statement: str, *values: Any) -> None:
    """Run raw SQL, as somebody with the database in their hands."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.control("I5")
def test_entries_count_up_without_gaps_and_hang_together() -> None:
    with transaction.atomic():
        assert append([Event("call.state"), Event("call.ended")]) == 2
    with transaction.atomic():
        assert append([Event("call.state")]) == 3
    entries = list(Entry.objects.all())
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert entries[0].previous_hash == "" and entries[2].previous_hash == entries[1].hash
    head = Head.objects.get()
    assert (head.seq, head.hash) == (3, entries[2].hash)
    assert verify() is None


def test_an_append_that_is_rolled_back_leaves_no_gap() -> None:
    write(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append([Event("call.state")])
        raise ZeroDivisionError
    write(1)
    assert list(Entry.objects.values_list("seq", flat=True)) == [1, 2]
    assert verify() is None


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_appended() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        append([Event("call.state")])
    assert not Entry.objects.exists()


def test_nothing_to_append_changes_nothing() -> None:
    write(2)
    with transaction.atomic():
        assert append([]) == 2
    assert verify() is None


def test_an_empty_trail_is_whole() -> None:
    assert verify() is None


def test_the_record_keeps_every_fact_as_it_was() -> None:
    write(1)
    entry = Entry.objects.get()
    assert entry.data == {"state": "established", "n": 0, "ä": "\0\n"}
    assert trail.digest(entry) == entry.hash


ALTERATIONS: dict[str, Any] = {
    "at": datetime(2020, 1, 1, tzinfo=UTC),
    "kind": "call.ended",
    "actor": "omar",
    "tenant_id": "",
    "line_id": 77,
    "call_id": uuid.UUID(int=99),
    "text": "{}",
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
}


@pytest.mark.control("X2")
@pytest.mark.parametrize("column", ALTERATIONS)
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_an_altered_entry_is_named(column: str, seq: int) -> None:
    write(7)
    Entry.objects.filter(seq=seq).update(**{column: ALTERATIONS[column]})
    assert verify() == seq


@pytest.mark.control("X2")
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_an_altered_entry_whose_own_hash_was_mended_is_named_too(seq: int) -> None:
    write(7)
    entry = Entry.objects.get(seq=seq)
    entry.actor = "omar"
    Entry.objects.filter(seq=seq).update(actor="omar", hash=trail.digest(entry))
    assert verify() == (seq + 1 if seq < 7 else 7)


@pytest.mark.control("X2")
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_removed_entry_is_named(seq: int) -> None:
    write(7)
    sql("DELETE FROM audit_entry WHERE seq = %s", seq)
    assert verify() == seq


@pytest.mark.control("X2")
@pytest.mark.parametrize("seq", [-5, 0, 8, 12])
def test_an_inserted_entry_is_named_even_with_a_fitting_hash(seq: int) -> None:
    write(7)
    last = Entry.objects.get(seq=7)
    forged = Entry(seq=seq, at=last.at, kind="call.state", actor="omar", previous_hash=last.hash)
    forged.hash = trail.digest(forged)
    forged.save(force_insert=True)
    assert verify() == seq


@pytest.mark.control("X2")
@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 6), (6, 7)])
def test_swapped_entries_are_named(one: int, other: int) -> None:
    write(7)
    for before, after in ((one, 1000), (other, one), (1000, other)):
        sql("UPDATE audit_entry SET seq = %s WHERE seq = %s", after, before)
    assert verify() == one


@pytest.mark.control("X2")
def test_an_entry_inserted_between_by_moving_the_rest_is_named() -> None:
    write(7)
    for seq in range(7, 3, -1):
        sql("UPDATE audit_entry SET seq = %s WHERE seq = %s", seq + 1, seq)
    third = Entry.objects.get(seq=3)
    forged = Entry(seq=4, at=third.at, kind="call.state", actor="omar", previous_hash=third.hash)
    forged.hash = trail.digest(forged)
    forged.save(force_insert=True)
    assert verify() == 5


@pytest.mark.control("X2")
def test_a_lost_head_is_no_whole_trail() -> None:
    write(3)
    Head.objects.all().delete()
    assert verify() == 1


@pytest.mark.control("X2")
def test_every_one_of_many_random_tamperings_is_located(tried: Count) -> None:
    write(12)
    chance = random.Random(20)
    columns: list[Callable[[int], None]] = [
        lambda seq: sql("UPDATE audit_entry SET actor = 'x' WHERE seq = %s", seq),
        lambda seq: sql("UPDATE audit_entry SET line_id = 77 WHERE seq = %s", seq),
        lambda seq: sql("UPDATE audit_entry SET hash = substr(previous_hash, 1, 63) || 'f' WHERE seq = %s", seq),
        lambda seq: sql("UPDATE audit_entry SET text = '{\"a\":1}' WHERE seq = %s", seq),
        lambda seq: sql("UPDATE audit_entry SET kind = 'other' WHERE seq = %s", seq),
        lambda seq: sql("DELETE FROM audit_entry WHERE seq = %s", seq),
    ]
    for _ in range(TAMPERINGS):
        seqs = chance.sample(range(1, 13), chance.randint(1, 3))
        with transaction.atomic():
            for seq in seqs:
                chance.choice(columns)(seq)
            assert verify() == min(seqs)
            transaction.set_rollback(True)
        tried("audit tamperings")
    assert verify() is None


def test_checking_may_begin_later() -> None:
    write(7)
    Entry.objects.filter(seq=2).update(actor="omar")
    assert verify() == 2
    assert verify(start=4) is None


@pytest.fixture
def guarded() -> Any:
    """Install the triggers for one test, inside its transaction."""
    triggers.install(connection)
    yield
    with transaction.atomic():
        triggers.remove(connection)


@pytest.mark.control("X2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'x' WHERE seq = 2",
        "UPDATE audit_entry SET seq = 9 WHERE seq = 2",
        "DELETE FROM audit_entry WHERE seq = 3",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_to_change_history(guarded: None, statement: str) -> None:
    write(3)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement)
    assert verify() is None and Entry.objects.count() == 3


@pytest.mark.control("X2")
def test_the_database_refuses_to_replace_or_empty_history(guarded: None) -> None:
    write(3)
    replacing = {
        "sqlite": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 2",
        "postgresql": "TRUNCATE audit_entry",
    }
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(replacing[connection.vendor])
    assert verify() is None


@pytest.mark.control("X2")
def test_through_the_models_history_cannot_be_changed_either(guarded: None) -> None:
    write(2)
    entry = Entry.objects.get(seq=1)
    entry.actor = "omar"
    for change in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    write(1)
    assert verify() is None


def test_the_triggers_are_part_of_the_migrations() -> None:
    from importlib import import_module

    operations = import_module("audit.migrations.0002_append_only").Migration.operations
    assert [operation.code.__name__ for operation in operations] == ["install"]


def test_the_command_says_whole_or_where_it_broke() -> None:
    write(3)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "whole up to entry 3" in out.getvalue() and Head.objects.get().hash in out.getvalue()
    Entry.objects.filter(seq=2).update(actor="x")
    with pytest.raises(CommandError, match="entry 2") as broken:
        call_command("verify_audit")
    assert broken.value.returncode == 1
    with pytest.raises(CommandError) as wrong:
        call_command("verify_audit", "--from", "0")
    assert wrong.value.returncode == 2
