"""Find people by what somebody types: their order is part of the answer.

First favourites and those called recently, then names that begin with what was typed, names of which words begin
with it, whoever has it anywhere, and at last names that differ by one mistake. Within each by name.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain

FUZZY_FROM = 4  # letters; of shorter words one mistake makes any other
PARTLY_FROM = 5  # letters of a word that is still being typed
LAST = "\U0010ffff"
SAMPLE = 100_000  # letters, enough to tell a rare word from a common one
WORD = re.compile(r"\w+")


class Rank(IntEnum):
    """Where somebody stands in the answer."""

    FAVOURITE = 0
    RECENT = 1
    BEGINS = 2
    WORD = 3
    ANYWHERE = 4
    SIMILAR = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody as they are found; `name` and `rest` are folded: small letters without accents."""

    pk: int
    name: str
    rest: str
    department: str = ""
    skills: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """Return what orders people."""
        return self.name, self.pk


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: all `words` must occur, and who is found has that department and that skill."""

    words: tuple[str, ...] = ()
    department: str = ""
    skill: str = ""
    favourites: frozenset[int] = frozenset()  # primary keys, as those of
    recent: frozenset[int] = frozenset()

    @property
    def phrase(self) -> str:
        """Return the words as one looks for them at the beginning of a name."""
        return " ".join(self.words)


Found = tuple[Rank, Entry]


@dataclass(slots=True)
class Book:
    """The people of one tenant, in the order of their names, in a form that is fast to look through.

    Two long texts hold a line for each: ` name` and ` name rest`. What is looked for is found by the search for a
    substring that Python has in C; where it stands tells whose line it is.
    """

    entries: list[Entry]
    names: str = ""
    texts: str = ""
    name_starts: Sequence[int] = ()
    text_starts: Sequence[int] = ()
    words: list[str] = field(default_factory=list)  # of names, each once, in order
    backwards: list[str] = field(default_factory=list)  # the same, each from its end
    bearers: dict[str, list[int]] = field(default_factory=dict)  # of a word of a name: their places
    places: dict[int, int] = field(default_factory=dict)  # by primary key

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Book":
        """Make a book."""
        made = cls(sorted(entries, key=lambda one: one.key))
        made.names, made.name_starts = _lines(f" {one.name}" for one in made.entries)
        made.texts, made.text_starts = _lines(f" {one.name} {one.rest}" for one in made.entries)
        for place, one in enumerate(made.entries):
            made.places[one.pk] = place
            for word in set(WORD.findall(one.name)):
                made.bearers.setdefault(word, []).append(place)
        made.words = sorted(made.bearers)
        made.backwards = sorted(word[::-1] for word in made.words)
        return made

    def find(self, asked: Asked) -> Iterator[Found]:
        """Yield whom `asked` describes, best first; who takes a few pays for a few."""
        if not asked.words:
            yield from ((Rank.BEGINS, one) for one in self.entries if _fits(one, asked))
            return
        seen: set[int] = set()
        for rank, places in self._ranks(asked):
            for place in places:
                if place not in seen and _fits(self.entries[place], asked):
                    seen.add(place)
                    yield rank, self.entries[place]

    def _ranks(self, asked: Asked) -> Iterator[tuple[Rank, Iterator[int]]]:
        if all(word in self.texts for word in asked.words):  # else nobody has them all
            driver = min(asked.words, key=lambda word: self.texts.count(word, 0, SAMPLE))
            has_all = _has(self.texts, self.text_starts, asked.words)
            yield Rank.FAVOURITE, filter(has_all, self._places_of(asked.favourites))
            yield Rank.RECENT, filter(has_all, self._places_of(asked.recent))
            yield Rank.BEGINS, self._lines_with(self.names, self.name_starts, f"\n {asked.phrase}")
            begins_all = _has(self.names, self.name_starts, [f" {word}" for word in asked.words])
            yield Rank.WORD, filter(begins_all, self._lines_with(self.names, self.name_starts, f" {driver}"))
            yield Rank.ANYWHERE, filter(has_all, self._lines_with(self.texts, self.text_starts, driver))
        yield Rank.SIMILAR, iter(self._similar(asked.words))

    def _places_of(self, keys: frozenset[int]) -> Iterator[int]:
        return iter(sorted(self.places[pk] for pk in keys if pk in self.places))

    def _lines_with(self, text: str, starts: Sequence[int], wanted: str) -> Iterator[int]:
        """Yield the places of the lines of `text` that hold `wanted`, each once, in order."""
        at = text.find(wanted)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            yield place
            at = text.find(wanted, starts[place + 1])

    def _similar(self, words: Sequence[str]) -> list[int]:
        """Return the places of those who have all words, each as it is or, in the name, with one mistake."""
        near = [frozenset(chain.from_iterable(self.bearers[one] for one in self.near(word))) for word in words]
        has = [_has(self.texts, self.text_starts, [word]) for word in words]
        either = list(zip(has, near, strict=True))
        bearers = frozenset().union(*near)
        return sorted(one for one in bearers if all(one in bears or has_it(one) for has_it, bears in either))

    def near(self, word: str) -> set[str]:
        """Return the words of names from which `word` differs by one mistake.

        One mistake leaves one half as it is, unless it swaps the two letters where they meet: only words that
        share a half, or are so swapped, are compared.
        """
        if len(word) < FUZZY_FROM or not word.isalpha():
            return set()
        begin = chain.from_iterable(_beginning(self.words, one) for one in _beginnings(word))
        end = (one[::-1] for one in _beginning(self.backwards, word[len(word) // 2 :][::-1]))
        return {one for one in chain(begin, end) if is_near(word, one)}


def is_near(typed: str, word: str) -> bool:
    """Tell whether one mistake makes `typed` of `word`, or of its beginning when enough of it was typed.

    Of a beginning, the mistake is in the second half of what was typed: others would have too many words be meant.
    """
    length = len(typed)
    if abs(len(word) - length) <= 1 and is_one_mistake(typed, word):
        return True
    if length < PARTLY_FROM or len(word) <= length or not word.startswith(_beginnings(typed)):
        return False
    return any(is_one_mistake(typed, word[:cut]) for cut in (length - 1, length, length + 1))


def _beginnings(word: str) -> tuple[str, str]:
    """Return the first half of `word`, and `word` with the two letters swapped where its halves meet."""
    middle = len(word) // 2
    return word[:middle], f"{word[: middle - 1]}{word[middle]}{word[middle - 1]}{word[middle + 1 :]}"


def is_one_mistake(a: str, b: str) -> bool:
    """Tell whether one letter too many, too few or another, or two swapped neighbours are all that differs."""
    if len(a) > len(b):
        a, b = b, a
    at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) == len(b):
        swapped = a[at + 1 : at + 2] + a[at : at + 1]
        return at < len(a) and (a[at + 1 :] == b[at + 1 :] or swapped + a[at + 2 :] == b[at:])
    return len(b) == len(a) + 1 and a[at:] == b[at + 1 :]


def _beginning(words: Sequence[str], head: str) -> Sequence[str]:
    return words[bisect_left(words, head) : bisect_left(words, head + LAST)]


def _fits(one: Entry, asked: Asked) -> bool:
    return (not asked.department or one.department == asked.department) and (
        not asked.skill or asked.skill in one.skills
    )


def _has(text: str, starts: Sequence[int], words: Sequence[str]) -> Callable[[int], bool]:
    """Return what tells whether the line at a place holds all `words`."""
    return lambda place: all(text.find(word, starts[place], starts[place + 1]) >= 0 for word in words)


def _lines(lines: Iterator[str]) -> tuple[str, Sequence[int]]:
    """Return the lines as one text, each behind a line feed, and where each begins, and at last where all end."""
    starts, parts, at = array("L"), [], 0
    for line in lines:
        starts.append(at)
        parts.append(f"\n{line}")
        at += len(line) + 1
    starts.append(at)
    return "".join(parts), starts
