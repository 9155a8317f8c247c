"""The query of the address that a notification was sent to: ours, somebody else's, or anything at all."""

import pytest

from tests.webhooks.deliveries import make

pytestmark = pytest.mark.django_db


def test_our_own_hints_are_read() -> None:
    assert make("c", query="operation=17&t=a%20b").hints == {"operation": "17", "t": "a b"}


@pytest.mark.control("W11")
@pytest.mark.parametrize(
    "query", ["&".join(f"a{n}=1" for n in range(21)), "&" * 400, "operation=17" + "&a=1" * 60]
)
def test_a_query_of_too_many_fields_hints_at_nothing_and_harms_nothing(query: str) -> None:
    assert make("c", query=query).hints == {}
