"""How people say on which days a series is, by language. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from meetings.rules.patterns import Index, Pattern
from meetings.rules.times import Weekday

WORKDAYS: Final = frozenset(set(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY})


@dataclass(frozen=True, slots=True)
class SeriesPhrases:
    """`each` says how often, once and several times: `{n}` stands for the number, `{on}` for the days."""

    each: Mapping[str, tuple[str, str]]
    days: Sequence[str]  # from Monday on
    months: Sequence[str]
    places: Mapping[Index, str]
    workday: str
    both: str
    day_of_month: str
    day_of_year: str
    place_of_year: str
    ordinals: Mapping[int, str]


ENGLISH: Final = SeriesPhrases(
    each={
        "daily": ("every day", "every {n} days"),
        "weekly": ("every {on}", "every {n} weeks on {on}"),
        "absoluteMonthly": ("every month on the {on}", "every {n} months on the {on}"),
        "relativeMonthly": ("every month on the {on}", "every {n} months on the {on}"),
        "absoluteYearly": ("every year on {on}", "every {n} years on {on}"),
        "relativeYearly": ("every year on the {on}", "every {n} years on the {on}"),
    },
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    places={"first": "first", "second": "second", "third": "third", "fourth": "fourth", "last": "last"},
    workday="weekday",
    both="and",
    day_of_month="{day}{suffix}",
    day_of_year="{day} {month}",
    place_of_year="{on} of {month}",
    ordinals={1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st", 0: "th"},
)
GERMAN: Final = SeriesPhrases(
    each={
        "daily": ("jeden Tag", "alle {n} Tage"),
        "weekly": ("jeden {on}", "alle {n} Wochen am {on}"),
        "absoluteMonthly": ("jeden Monat am {on}", "alle {n} Monate am {on}"),
        "relativeMonthly": ("jeden Monat am {on}", "alle {n} Monate am {on}"),
        "absoluteYearly": ("jedes Jahr am {on}", "alle {n} Jahre am {on}"),
        "relativeYearly": ("jedes Jahr am {on}", "alle {n} Jahre am {on}"),
    },
    days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
    places={"first": "ersten", "second": "zweiten", "third": "dritten", "fourth": "vierten", "last": "letzten"},
    workday="Werktag",
    both="und",
    day_of_month="{day}{suffix}",
    day_of_year="{day}. {month}",
    place_of_year="{on} im {month}",
    ordinals={0: "."},
)
LANGUAGES: Final = {"en": ENGLISH, "de": GERMAN}


def said(pattern: Pattern, phrases: SeriesPhrases) -> str:
    """Return on which days a series is, such as `every 2 weeks on Monday and Friday`."""
    once, often = phrases.each[pattern.kind]
    words = once if pattern.interval == 1 else often
    return words.format(n=pattern.interval, on=_on(pattern, phrases))


def sentence(pattern: Pattern, phrases: SeriesPhrases) -> str:
    """Return the same as the beginning of a sentence; names of days keep their capitals."""
    words = said(pattern, phrases)
    return words[:1].upper() + words[1:]


def _on(pattern: Pattern, phrases: SeriesPhrases) -> str:
    if pattern.kind == "daily":
        return ""
    if pattern.kind == "weekly":
        return _days(pattern, phrases)
    if pattern.kind == "absoluteMonthly":
        suffix = phrases.ordinals.get(pattern.day_of_month, phrases.ordinals[0])
        return phrases.day_of_month.format(day=pattern.day_of_month, suffix=suffix)
    if pattern.kind == "absoluteYearly":
        return phrases.day_of_year.format(day=pattern.day_of_month, month=phrases.months[pattern.month - 1])
    place = f"{phrases.places[pattern.index]} {_days(pattern, phrases)}"
    if pattern.kind == "relativeMonthly":
        return place
    return phrases.place_of_year.format(on=place, month=phrases.months[pattern.month - 1])


def _days(pattern: Pattern, phrases: SeriesPhrases) -> str:
    if pattern.days == WORKDAYS:
        return phrases.workday
    names = [phrases.days[day] for day in sorted(pattern.days)]
    *first, last = names
    return f"{', '.join(first)} {phrases.both} {last}" if first else last
