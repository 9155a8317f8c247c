"""What people who are invited are told of a meeting, and when it is worth a mail. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

INSTANTS: Final = ("starts_at", "ends_at", "over_at")
REQUEST, CANCEL = "request", "cancel"  # methods of iTIP (RFC 5546), in our rows
WAITING, SENT, DROPPED = "waiting", "sent", "dropped"


@dataclass(frozen=True, slots=True)
class Content:
    """What a calendar shows of a meeting; never its passcode."""

    subject: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    join_url: str = ""
    phone: str = ""
    conference_id: str = ""
    organizer: str = ""
    organizer_address: str = ""
    reason: str = ""  # why it does not take place
    over_at: datetime | None = None  # of a series: when its last date ends
    recurrence: dict[str, Any] | None = None  # Graph's patternedRecurrence
    dates: Mapping[str, Sequence[str] | None] = field(
        default_factory=dict
    )  # as `meetings.facts.exceptions` has them

    @property
    def over(self) -> datetime:
        """Return when nobody has to come any more."""
        return self.over_at or self.ends_at

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it: instants in UTC."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        instants = {name: values[name].astimezone(UTC).isoformat() for name in INSTANTS if values[name]}
        return values | instants

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return what `plain` made."""
        instants = {name: datetime.fromisoformat(values[name]) for name in INSTANTS if values.get(name)}
        return cls(**{**values, **instants})


# What people come by: with something else in it an invitation is sent again.
WATCHED: Final = (
    "subject",
    "starts_at",
    "ends_at",
    "zone",
    "join_url",
    "phone",
    "conference_id",
    "recurrence",
    "dates",
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to be invited by mail; `language` and `zone` are those of the directory, empty when it has none."""

    address: str
    name: str = ""
    language: str = ""
    zone: str = ""

    @property
    def key(self) -> str:
        """Return what makes two of them the same."""
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class Told:
    """A letter that was planned before; `asked`: it may have arrived."""

    id: int
    guest: Guest
    kind: str
    sequence: int
    content: Content
    state: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be sent."""

    guest: Guest
    kind: str
    sequence: int
    content: Content


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be sent, and which letters are not sent any more since they are out of date."""

    letters: tuple[Letter, ...]
    dropped: tuple[int, ...]


def decide(
    content: Content | None, guests: Sequence[Guest], told: Iterable[Told], version: int, reason: str = ""
) -> Outcome:
    """Return what a version of a meeting means for each who is invited, and for each who was.

    :param content: of this version; None: the meeting does not take place.
    :param told: all that was planned before, older versions first.
    :param reason: why the meeting does not take place; who is not invited any more hears of no reason.
    """
    histories: dict[str, list[Told]] = {}
    for one in told:
        histories.setdefault(one.guest.key, []).append(one)
    invited: dict[str, Guest] = {}
    for guest in () if content is None else guests:
        invited.setdefault(guest.key, guest)
    found = [
        _request(guest, histories.get(key, []), content, version) for key, guest in invited.items() if content
    ]
    found += [_cancel(rows, version, reason) for key, rows in histories.items() if key not in invited]
    letters = {one.guest.key: one for one in found if one is not None}
    dropped = (
        one.id for key, rows in histories.items() for one in _outdated(rows, key in invited, key in letters)
    )
    return Outcome(tuple(letters.values()), tuple(dropped))


def _outdated(rows: Sequence[Told], is_invited: bool, is_told_anew: bool) -> list[Told]:
    """Return the letters that wait and must not be sent any more."""
    waiting = [one for one in rows if one.state == WAITING]
    if is_told_anew:
        return waiting
    return [one for one in waiting if not is_invited and one.kind == REQUEST]


def _request(guest: Guest, rows: Sequence[Told], content: Content, version: int) -> Letter | None:
    last = next((one for one in reversed(rows) if one.state != DROPPED), None)
    if last is not None and last.kind == REQUEST and is_same(last.content, content):
        return None
    return Letter(guest, REQUEST, _next(rows, version), content)


def _cancel(rows: Sequence[Told], version: int, reason: str) -> Letter | None:
    """Return what somebody is told who is not invited any more; what they never heard of is not cancelled."""
    last = next((one for one in reversed(rows) if one.state != DROPPED), None)
    known = next((one for one in reversed(rows) if _counts(one)), None)
    if (last is not None and last.kind == CANCEL) or known is None or known.kind == CANCEL:
        return None
    return Letter(known.guest, CANCEL, _next(rows, version), replace(known.content, reason=reason))


def _counts(one: Told) -> bool:
    """Tell whether a request may have arrived, or a cancellation certainly has."""
    return one.asked if one.kind == REQUEST else one.state == SENT


def _next(rows: Sequence[Told], version: int) -> int:
    return max([version, *(one.sequence + 1 for one in rows)])


def is_same(one: Content, other: Content) -> bool:
    """Tell whether people come to both in the same way at the same time."""
    return all(getattr(one, name) == getattr(other, name) for name in WATCHED)
