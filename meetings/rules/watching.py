"""Whether somebody has changed a meeting in Teams or Outlook since it was brought there. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

DATES: Final = "dates"
ZONE: Final = "zone"  # of several names: that its clocks are others is told by `clock`
USUAL: Final = "usual"  # a date as the pattern has it

Seen = Mapping[str, Any]  # what is watched of a meeting, `dates` by the day of the pattern


def is_foreign(seen: Seen, allowed: Sequence[Seen], ahead: Collection[str]) -> bool:
    """Tell whether what Microsoft has is none of what it may have by us.

    Of a series each date may be as any of `allowed` has it, since they are brought one by one.

    :param ahead: the days of the pattern whose dates are not over; the others do not matter any more.
    """
    if all(_whole(seen) != _whole(one) for one in allowed):
        return True
    there, ours = _dates(seen), [_dates(one) for one in allowed]
    return any(all(there.get(day, USUAL) != one.get(day, USUAL) for one in ours) for day in ahead)


def _whole(seen: Seen) -> dict[str, Any]:
    return {name: value for name, value in seen.items() if name not in (DATES, ZONE)}


def _dates(seen: Seen) -> Mapping[str, Any]:
    found: Mapping[str, Any] = seen.get(DATES) or {}
    return found


def behind(seen: Seen, wanted: Seen, ahead: Collection[str]) -> dict[str, Any]:
    """Return the dates that are not as wanted, with how that is; `USUAL`: as the pattern has it."""
    has, wants = _dates(seen), _dates(wanted)
    return {day: wants.get(day, USUAL) for day in sorted(ahead) if has.get(day, USUAL) != wants.get(day, USUAL)}


def is_whole(seen: Seen, wanted: Seen) -> bool:
    """Tell whether all but the dates is as it is wanted."""
    return _whole(seen) == _whole(wanted)
