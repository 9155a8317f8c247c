"""Find the rule by which the clocks of a zone change: programs know rules better than lists of days. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

FEWEST: Final = 5  # years that tell the last Sunday of a month from its fourth
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def yearly_rule(changes: Sequence[datetime], last_year: int) -> dict[str, str | int] | None:
    """Return the parts of a rule by which clocks change every year, None when there is no such rule.

    :param changes: what clocks show before each change, in order.
    :param last_year: the last for which `changes` would hold one.
    """
    first = changes[0]
    years = [one.year for one in changes]
    is_steady = years == list(range(first.year, first.year + len(years))) and years[-1] >= last_year
    alike = {(one.month, one.weekday(), one.time()) for one in changes}
    if len(changes) < FEWEST or not is_steady or len(alike) > 1:
        return None
    if all((one + timedelta(days=7)).month != one.month for one in changes):
        place = -1
    else:
        places = {(one.day - 1) // 7 + 1 for one in changes}
        if len(places) > 1:
            return None
        (place,) = places
    return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{place}{DAYS[first.weekday()]}"}
