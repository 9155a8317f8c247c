"""The part of a meeting's form that says whether it repeats, on which days and until when."""

from calendar import monthrange
from datetime import date
from typing import Any, Final

from django import forms

from meetings import holidays
from meetings.models import OnlineMeeting
from meetings.rules import series_phrases
from meetings.rules.patterns import Index, Pattern, Range, Recurrence
from meetings.rules.times import Weekday

ONCE, KEPT = "", "kept"
CHOICES: Final = (
    (ONCE, "Does not repeat"),
    ("daily", "Every day"),
    ("weekly", "Every week"),
    ("monthly", "Every month, on the same day of the month"),
    ("monthly_nth", "Every month, on the same weekday, such as the second Tuesday"),
    ("monthly_last", "Every month, on the last such weekday"),
    ("yearly", "Every year"),
)
WEEKDAYS: Final = tuple((str(int(day)), day.name.capitalize()) for day in Weekday)
NTH: Final[tuple[Index, ...]] = ("first", "second", "third", "fourth")
MOST_APART: Final = 99  # as Outlook has it
WEEK: Final = 7


class RepeatForm(forms.Form):
    """When a meeting is held again."""

    repeats = forms.ChoiceField(choices=CHOICES, required=False, label="Repeat")
    interval = forms.IntegerField(
        min_value=1,
        max_value=MOST_APART,
        required=False,
        initial=1,
        label="Every how many",
        help_text="2 is every other one.",
        error_messages={"min_value": "1 or more.", "max_value": f"{MOST_APART} at most."},
    )
    weekdays = forms.MultipleChoiceField(
        choices=WEEKDAYS, required=False, label="On", widget=forms.CheckboxSelectMultiple()
    )
    until = forms.DateField(
        required=False, label="On this day", widget=forms.DateInput({"type": "date", "class": "input"}, "%Y-%m-%d")
    )
    count = forms.IntegerField(
        required=False,
        min_value=1,
        label="After so many times",
        error_messages={"min_value": "1 or more."},
    )
    holidays = forms.ChoiceField(
        choices=[("", "No place: none are skipped"), *holidays.places()],
        required=False,
        label="Skip the public holidays of",
    )
    on_calendar = forms.BooleanField(required=False, label="Put it in the organiser's calendar")

    meeting: OnlineMeeting | None = None

    def offer_what_is(self) -> None:
        """Offer to keep a series that the form's choices do not say."""
        recurrence = self.meeting.series if self.meeting else None
        if recurrence is not None and _choice(recurrence) == KEPT:
            words = series_phrases.said(recurrence.pattern, series_phrases.ENGLISH)
            choice: Any = self.fields["repeats"]
            choice.choices = [*CHOICES, (KEPT, f"As it is: {words}")]

    def recurrence(self, first: date) -> Recurrence | None:
        """Return the series that a valid form means, whose first date is on `first`; None when it is held once."""
        told = self.cleaned_data
        if told["repeats"] == ONCE:
            return None
        end = {"count": told["count"]} if told["count"] else {"end": told["until"]}
        return Recurrence(self._pattern(first), Range(first, **end))

    def _pattern(self, first: date) -> Pattern:
        told = self.cleaned_data
        series = self.meeting.series if self.meeting else None
        kept = series.pattern if series else None
        if kept and told["repeats"] == KEPT:
            return kept
        made = pattern(told["repeats"], told["interval"] or 1, first, told["weekdays"])
        return kept if kept and _is_same_week(made, kept) else made

    def check_repeat(self, told: dict[str, Any]) -> None:
        """Note what is wrong with how it repeats, each thing at its field."""
        repeats = told.get("repeats")
        if not repeats:
            return
        first, until = told.get("day"), told.get("until")
        if bool(until) == bool(told.get("count")) and not {"until", "count"} & set(self.errors):
            self.add_error("until", "Say when the series ends: on a day, or after a number of dates.")
        elif first and until and until < first:
            self.add_error("until", "The series would end before it begins.")
        if first and repeats == "monthly_nth" and _nth(first) is None:
            self.add_error("repeats", "Not every month has a fifth such day. Take the last one.")
        if first and repeats == "monthly_last" and not _is_last(first):
            self.add_error("repeats", f"{first:%d %B} is not the last {first:%A} of its month.")


def pattern(choice: str, interval: int, first: date, weekdays: list[str]) -> Pattern:
    """Return the pattern that a choice of the form means for a series whose first date is on `first`."""
    own = Weekday(first.weekday())
    if choice == "daily":
        return Pattern("daily", interval)
    if choice == "weekly":
        days = frozenset(Weekday(int(day)) for day in weekdays) or frozenset({own})
        return Pattern("weekly", interval, days, Weekday.MONDAY)
    if choice == "monthly":
        return Pattern("absoluteMonthly", interval, day_of_month=first.day)
    if choice == "yearly":
        return Pattern("absoluteYearly", interval, day_of_month=first.day, month=first.month)
    index: Index = "last" if choice == "monthly_last" else _nth(first) or "last"
    return Pattern("relativeMonthly", interval, frozenset({own}), index=index)


def _nth(first: date) -> Index | None:
    place = (first.day - 1) // WEEK
    return NTH[place] if place < len(NTH) else None


def _is_last(first: date) -> bool:
    return first.day + WEEK > monthrange(first.year, first.month)[1]


def repeat_of(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return what the form of a meeting begins with."""
    found = {"on_calendar": meeting.on_calendar, "holidays": meeting.holidays, "interval": 1}
    recurrence = meeting.series
    if recurrence is None:
        return found
    told = recurrence.range
    return found | {
        "repeats": _choice(recurrence),
        "interval": recurrence.pattern.interval,
        "weekdays": [str(int(day)) for day in sorted(recurrence.pattern.days)],
        "until": told.end,
        "count": told.count,
    }


def _choice(recurrence: Recurrence) -> str:
    """Return which choice of the form says a series; `KEPT` when none does."""
    kept, first = recurrence.pattern, recurrence.range.start
    days = [str(int(day)) for day in kept.days]
    for choice, _ in CHOICES:
        if choice == "monthly_nth" and _nth(first) is None:
            continue
        same = choice and pattern(choice, kept.interval, first, days)
        if same and (same == kept or _is_same_week(same, kept)):
            return choice
    return KEPT


def _is_same_week(one: Pattern, other: Pattern) -> bool:
    """Tell whether two weekly patterns are the same but for the first day of weeks that all count."""
    return one.kind == other.kind == "weekly" and one.interval == other.interval == 1 and one.days == other.days
