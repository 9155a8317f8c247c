"""The role that docs/postgresql.md gives the portal appends to the trail and can do no more to it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from audit import triggers
from audit.models import Entry
from audit.trail import Event, append, verify
from directory.models import SyncState
from tests.people import tenant_id

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "postgresql.md"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.control("X2"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="roles are PostgreSQL's"),
]


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def may_make_roles() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = CURRENT_USER")
        return bool(cursor.fetchone()[0])


@pytest.fixture
def portal() -> Iterator[None]:
    """Be the documented role until the test's transaction is taken back."""
    if not may_make_roles():
        pytest.skip("the user of DATABASE_URL may not make roles: ALTER ROLE … CREATEROLE")
    documented = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    triggers.install(connection)
    run(*documented, "GRANT portal TO CURRENT_USER", "SET LOCAL ROLE portal")
    with transaction.atomic():
        append([Event("call.state")])
    yield
    run("RESET ROLE")
    triggers.remove(connection)


def test_it_appends_reads_and_works(portal: None) -> None:
    with transaction.atomic():
        assert append([Event("call.state"), Event("call.ended")]) == 3
    assert verify() is None and Entry.objects.count() == 3
    state = SyncState.objects.create(tenant_id=tenant_id(), due_at=Entry.objects.get(seq=1).at)
    state.save()
    state.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
        "DELETE FROM audit_head",
        "DROP TABLE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entry ADD COLUMN x int",
        "DROP TRIGGER audit_entry_append_only ON audit_entry",
        "DROP FUNCTION audit_entry_refuse() CASCADE",
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "SET session_replication_role = replica",
        "UPDATE django_migrations SET name = 'x'",
    ],
)
def test_it_can_do_nothing_else_to_the_trail(portal: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        run(statement)
    assert verify() is None
