"""So many requests within a time, counted by who asks."""

from datetime import UTC, datetime, timedelta

from simulator.quotas import Quotas

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_window_begins_with_its_first_request_and_the_rest_of_it_is_to_be_waited() -> None:
    quotas = Quotas()
    waits = [quotas.spend("a", START + timedelta(seconds=at), 2, 10) for at in (0, 4, 5.5, 9.9996, 10)]
    assert waits == [0, 0, 4.5, 0.001, 0]


def test_each_has_a_quota_of_its_own() -> None:
    quotas = Quotas()
    assert [quotas.spend(who, START, 1, 10) for who in ("a", "b", "a", "b")] == [0, 0, 10, 10]
