"""Many rows by one statement: what is written is what the ORM would have written."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from calls.models import Call, Operation, Timer
from commsportal import bulk

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
ODD = 'O\'Brien \\ "ünï" 100% \n\t\u2028 {} \U0001f4de'


def call(**fields: Any) -> Call:
    facts = {"tenant_id": "t", "direction": "incoming", "state": "incoming", "received_at": AT, "last_seen_at": AT}
    return Call(**facts | fields)


def stored(row: Any) -> dict[str, Any]:
    found = type(row)._default_manager.get(pk=row.pk)
    return {field.attname: getattr(found, field.attname) for field in row._meta.concrete_fields}


def meant(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_every_kind_of_value_comes_back_as_it_was() -> None:
    full = call(caller_name=ODD, deadline=AT, result_code=-1, adopted=True, chain_id="c", version=7)
    bare = call()
    bulk.upsert([full, bare])
    assert [stored(full), stored(bare)] == [meant(full), meant(bare)]


def test_json_and_automatic_keys() -> None:
    owner = call()
    bulk.upsert([owner])
    asked = Operation(
        call=owner, kind="reject", parameters={"reason": ODD, "n": [1, None, True]}, created_at=AT, due_at=AT
    )
    bulk.upsert([asked])
    assert stored(asked) == meant(asked)
    bulk.upsert([Timer(call=owner, kind=kind, due_at=AT) for kind in ("fallback", "confirm")])
    assert {timer.kind for timer in Timer.objects.filter(call=owner, pk__isnull=False)} == {"fallback", "confirm"}


def test_a_row_that_is_there_is_written_over_in_the_named_columns_only() -> None:
    row = call(caller_name="before", chain_id="kept")
    bulk.upsert([row])
    row.caller_name, row.chain_id = "after", "lost"
    bulk.upsert([row, call()], ("id",), ("caller_name",))
    assert (Call.objects.get(pk=row.pk).caller_name, Call.objects.get(pk=row.pk).chain_id) == ("after", "kept")
    assert Call.objects.count() == 2


def test_a_conflict_by_a_foreign_key_names_its_column() -> None:
    owner = call()
    bulk.upsert([owner])
    later = AT + timedelta(minutes=1)
    for due_at in (AT, later):
        bulk.upsert([Timer(call=owner, kind="fallback", due_at=due_at)], ("call", "kind"), ("due_at",))
    assert Timer.objects.get(call=owner).due_at == later


def test_without_a_way_out_a_conflict_is_an_error() -> None:
    row = Entry(seq=1, at=AT, kind="test", actor="system", previous_hash="", hash="x", call_id=uuid.uuid4())
    bulk.upsert([row])
    with pytest.raises(IntegrityError):
        bulk.upsert([row])


def test_any_number_of_rows_is_one_statement_and_none_is_no_statement() -> None:
    from django.db import connection

    with CaptureQueriesContext(connection) as queries:
        bulk.upsert([call() for _ in range(300)])
        bulk.upsert([])
    assert len(queries) == 1
    assert Call.objects.count() == 300
