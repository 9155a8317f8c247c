"""Find people by a few letters of name, department, skill or number, in whatever script and accents.

Each web process keeps the people of a tenant in memory, in a form that is fast to look through, and makes it anew
when they are others (docs/adr/0011). What is found is read from the database before anybody is told.
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Final
from uuid import UUID

from directory.models import Edition, Person
from directory.rules.finding import Asked, Book, Entry, Found

MAX_WORDS: Final = 8
LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
NUMBER: Final = re.compile(r"[+(]?\d[\d\s().\-/]*")


def fold(text: str) -> str:
    """Return `text` without case, accents and control characters: what is compared."""
    plain = " ".join(text.split()).casefold().translate(LETTERS)
    if plain.isascii() and plain.isprintable():
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in decomposed if unicodedata.category(c)[0] not in "MC")


def digits(text: str) -> str:
    """Return the digits of a number, as it is dialled or written."""
    return "".join(c for c in text if c.isdecimal())


def text_of(person: Person) -> str:
    """Return what a person is found by: words folded, numbers as bare digits."""
    words = [person.name, person.upn, person.mail, person.department, person.job_title]
    numbers = [digits(person.business_phone), digits(person.mobile_phone)]
    return " ".join(filter(None, [fold(" ".join(words)), *numbers]))


def words_of(query: str) -> list[str]:
    """Return the words that must all occur; a number counts as one word however it is grouped."""
    whole = query.strip()
    if NUMBER.fullmatch(whole):
        return [digits(whole).lstrip("0") or digits(whole)]
    return [word for word in fold(whole).split() if word][:MAX_WORDS]


def find(editions: Sequence[Edition], asked: Asked) -> Iterator[Found]:
    """Yield whom `asked` describes among the people of these tenants, best first."""
    return merge(*(book(edition).find(asked) for edition in editions), key=place)


def place(found: Found) -> tuple[int, str, int]:
    """Return what orders answers: the rank, then the name."""
    rank, entry = found
    return int(rank), *entry.key


def groups(editions: Sequence[Edition]) -> tuple[Counter[str], Counter[str]]:
    """Return how many people each department and each skill has."""
    entries = [one for edition in editions for one in book(edition).entries]
    skills = (skill for one in entries for skill in one.skills)
    return Counter(one.department for one in entries if one.department), Counter(skills)


_books: dict[str, tuple[UUID, Book]] = {}
_making = threading.Lock()


def book(edition: Edition) -> Book:
    """Return the people of a tenant as of `edition`, or later."""
    with _making:
        kept = _books.get(edition.pk)
        if kept is None or kept[0] != edition.stamp:
            kept = _books[edition.pk] = edition.stamp, Book.of([_entry(*row) for row in _rows(edition.pk)])
    return kept[1]


def _rows(tenant_id: str) -> Iterator[tuple[int, str, str, str, list[str]]]:
    people = Person.objects.filter(tenant_id=tenant_id, enabled=True)
    return people.values_list("pk", "name", "search_text", "department", "skills").iterator(chunk_size=2000)


def _entry(pk: int, name: str, text: str, department: str, skills: list[str]) -> Entry:
    folded = fold(name)
    rest = " ".join([text.removeprefix(folded).strip(), *map(fold, skills)])
    return Entry(pk, folded, rest, department, tuple(skills))
