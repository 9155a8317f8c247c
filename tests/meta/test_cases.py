"""Every case that the portal must survive is shown by a test, and the table says by which."""

from tests.meta import cases

REQUIRED = {*range(1, 25), 27, 30, 32, 33, 38, 39, 41, 49, 50, 52, 53, 54}


def test_every_case_that_must_be_survived_is_shown() -> None:
    assert sorted(REQUIRED - cases.marked().keys()) == []


def test_the_table_of_cases_is_true() -> None:
    assert sorted(cases.marked().keys() ^ cases.documented()) == []
    assert cases.table() == cases.TABLE.read_text(), "python -m tests.meta.cases brings it up to date"
