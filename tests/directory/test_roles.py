"""The table of roles and rights, in code and in the documentation."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from directory.models import User, validate_roles
from directory.roles import MATRIX, RIGHTS, ROLES, SEE_EVERY_LINE, rights_of

TEXT = (Path(__file__).parents[2] / "docs" / "roles.md").read_text(encoding="utf-8")


def documented() -> dict[str, frozenset[str]]:
    """Read the table of docs/roles.md."""
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: 2 + len(RIGHTS)]]
    head, _, *body = rows
    return {
        role: frozenset(row[0] for row in body if row[column] == "yes")
        for column, role in enumerate(head)
        if column
    }


def test_the_documentation_shows_the_same_table() -> None:
    assert documented() == MATRIX
    scope = TEXT.split("see every line:")[1].split(".")[0]
    assert {role.strip() for role in scope.split(",")} == SEE_EVERY_LINE


def test_every_right_is_named_and_given_to_somebody() -> None:
    assert frozenset().union(*MATRIX.values()) == frozenset(RIGHTS)


def test_no_role_gives_no_right_and_an_unknown_one_neither() -> None:
    assert rights_of([]) == rights_of(["root"]) == frozenset()
    assert rights_of(["auditor", "receptionist"]) == MATRIX["auditor"] | MATRIX["receptionist"]


def test_a_disabled_account_has_no_rights() -> None:
    user = User(username="x", roles=list(ROLES), is_active=False)
    assert user.rights == frozenset() and not user.sees_every_line and not user.is_staff


@pytest.mark.parametrize("value", [["root"], ["manager", "manager"], "manager", {"manager": True}, None, [1]])
def test_roles_are_a_list_of_the_table_each_once(value: object) -> None:
    with pytest.raises(ValidationError):
        validate_roles(value)
