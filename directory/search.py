"""Find people by a few letters of name, department or number, in whatever script and accents they are written."""

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from django.db.models import QuerySet

if TYPE_CHECKING:
    from directory.models import Person

MAX_WORDS: Final = 8
LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
NUMBER: Final = re.compile(r"[+(]?\d[\d\s().\-/]*")


def fold(text: str) -> str:
    """Return `text` without case, accents and control characters: what is compared."""
    plain = " ".join(text.split()).casefold().translate(LETTERS)
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in decomposed if unicodedata.category(c)[0] not in "MC")


def digits(text: str) -> str:
    """Return the digits of a number, as it is dialled or written."""
    return "".join(c for c in text if c.isdecimal())


def text_of(person: "Person") -> str:
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


def matching(people: "QuerySet[Person]", query: str) -> "QuerySet[Person]":
    """Narrow `people` to those that hold every word of `query`."""
    for word in words_of(query):
        people = people.filter(search_text__contains=word)
    return people
