"""Public holidays, of the library's calendars: of which countries they are known, and when they are."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

import holidays
from holidays.registry import COUNTRIES

LANGUAGE: Final = "en_US"
_NEXT_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def places() -> tuple[tuple[str, str], ...]:
    """Return all whose holidays are known: the code (ISO 3166, such as `DE` or `DE-BY`) and what people read."""
    names = {code: _NEXT_WORD.sub(" ", name) for name, code, *_ in COUNTRIES.values()}
    found = []
    for country in holidays.list_supported_countries(include_aliases=False):
        name = names.get(country, country)
        found += [(country, name), *((f"{country}-{part}", f"{name}: {of}") for part, of in _parts(country))]
    return tuple(sorted(found, key=lambda place: place[1]))


def _parts(country: str) -> list[tuple[str, str]]:
    calendar: Any = getattr(holidays, country)
    names = {part: name for name, part in getattr(calendar, "subdivisions_aliases", {}).items()}
    return [(part, names.get(part, part)) for part in calendar.subdivisions]


@cache
def _codes() -> frozenset[str]:
    return frozenset(code for code, _ in places())


def is_known(code: str) -> bool:
    """Tell whether the holidays of a place are known."""
    return code in _codes()


def between(code: str, first: date, last: date) -> Mapping[date, str]:
    """Return the public holidays of a place from `first` to `last`, both inclusive, with their names in English.

    :raises KeyError: they are not known.
    """
    if not is_known(code):
        raise KeyError(code)
    country, _, part = code.partition("-")
    years = range(first.year, last.year + 1)
    language = LANGUAGE if LANGUAGE in _languages().get(country, ()) else None
    found = holidays.country_holidays(country, subdiv=part or None, years=years, language=language)
    return {day: name for day, name in found.items() if first <= day <= last}


@cache
def _languages() -> Mapping[str, list[str]]:
    return holidays.list_localized_countries()
