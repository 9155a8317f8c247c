"""Whom a search finds, and in what order. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.rules.finding import Asked, Book, Entry, Rank, is_near, is_one_mistake

NAMES = ["Hans Weber", "Johanna Hansen", "Weber Hansjorg", "Max Okafor", "Dana Lee", "Anna-Maria Olsen"]
LETTERS = "abcdefgh"
words = st.text(LETTERS, min_size=4, max_size=9)


def entry(pk: int, name: str, rest: str = "", department: str = "", *skills: str) -> Entry:
    return Entry(pk, name.lower(), f"{rest} {' '.join(skills)}".lower(), department, skills)


@pytest.fixture
def book() -> Book:
    return Book.of([entry(pk, name, "sales" if pk % 2 else "hans@x") for pk, name in enumerate(NAMES, start=1)])


def found(book: Book, query: str, **more: object) -> list[tuple[str, str]]:
    asked = Asked(tuple(query.split()), **more)  # type: ignore[arg-type]
    return [(rank.name.lower(), one.name) for rank, one in book.find(asked)]


def test_names_that_begin_with_it_come_first_then_words_of_names_then_the_rest(book: Book) -> None:
    assert found(book, "hans") == [
        ("begins", "hans weber"),
        ("word", "johanna hansen"),
        ("word", "weber hansjorg"),
        ("anywhere", "anna-maria olsen"),
        ("anywhere", "max okafor"),
    ]


def test_favourites_and_recents_come_before_all_but_only_if_they_match(book: Book) -> None:
    told = found(book, "hans", favourites=frozenset({4, 5}), recent=frozenset({3, 4}))
    assert told[:3] == [("favourite", "max okafor"), ("recent", "weber hansjorg"), ("begins", "hans weber")]
    assert len(told) == 5


@pytest.mark.parametrize(
    "typed", ["okafro", "okfor", "okaffor", "okator", "kokafor", "okaofr", "max okafro", "okafro mxa max"]
)
def test_one_mistake_in_a_word_still_finds_somebody(book: Book, typed: str) -> None:
    expected = [] if "mxa" in typed else [("similar", "max okafor")]
    assert found(book, typed) == expected


def test_a_mistake_in_a_word_that_is_still_being_typed(book: Book) -> None:
    assert found(book, "hansjrog") == [("similar", "weber hansjorg")]
    assert ("similar", "weber hansjorg") in found(book, "hansojr")


@pytest.mark.parametrize("typed", ["ok", "lae", "dxxa", "okafro sales", "0kafor", "zzzz"])
def test_short_words_numbers_and_two_mistakes_find_nobody(book: Book, typed: str) -> None:
    assert [name for rank, name in found(book, typed) if rank == "similar"] == []


def test_the_other_words_must_occur_all_the_same(book: Book) -> None:
    assert found(book, "okafro hans") == [("similar", "max okafor")]
    assert found(book, "weber sales") == [("anywhere", "hans weber"), ("anywhere", "weber hansjorg")]


def test_a_word_of_a_name_with_a_hyphen_is_a_word(book: Book) -> None:
    assert found(book, "maira") == [("similar", "anna-maria olsen")]


def test_departments_and_skills_narrow_what_is_found() -> None:
    book = Book.of(
        [entry(1, "b", "", "Sales", "German"), entry(2, "a", "", "Sales"), entry(3, "c", "", "Legal", "German")]
    )
    assert [name for _, name in found(book, "", department="Sales")] == ["a", "b"]
    assert [name for _, name in found(book, "", skill="German")] == ["b", "c"]
    assert [name for _, name in found(book, "german", department="Legal", skill="German")] == ["c"]
    assert found(book, "", department="sal") == []


def test_a_book_without_anybody_finds_nobody() -> None:
    assert found(Book.of([]), "hans") == found(Book.of([]), "") == []


def distance(a: str, b: str) -> int:
    """Return how many mistakes lie between two words, swapped neighbours being one: the textbook's table."""
    rows = [[i + j if 0 in (i, j) else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_one_mistake_is_what_the_textbook_says(a: str, b: str) -> None:
    assert is_one_mistake(a, b) is (distance(a, b) == 1)


@given(st.lists(words, min_size=1, max_size=12), words)
def test_no_word_within_one_mistake_is_missed(names: list[str], typed: str) -> None:
    book = Book.of([entry(pk, name) for pk, name in enumerate(names)])
    assert book.near(typed) == {name for name in names if is_near(typed, name)}


@given(
    st.lists(st.tuples(st.text("ab ", max_size=6), st.text("ab", max_size=3)), max_size=12),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_all_who_have_the_words_are_found_once_in_order(people: list[tuple[str, str]], typed: list[str]) -> None:
    entries = [Entry(pk, " ".join(name.split()), rest) for pk, (name, rest) in enumerate(people)]
    told = list(Book.of(entries).find(Asked(tuple(typed))))
    have = {one.pk for one in entries if all(word in f" {one.name} {one.rest}" for word in typed)}
    assert {one.pk for rank, one in told if rank < Rank.SIMILAR} == have
    assert len({one.pk for _, one in told}) == len(told)
    assert told == sorted(told, key=lambda one: (one[0], one[1].key))
