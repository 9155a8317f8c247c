"""What a draft may be: a meeting that is not whole yet. Pure."""

from datetime import datetime
from typing import Final

from meetings.rules import plan as rules
from meetings.rules import series
from meetings.rules.plan import Plan

LATER: Final = frozenset({"presenters"})  # somebody can be marked until it is scheduled


def problems(plan: Plan, at: datetime) -> dict[str, str]:
    """Return what is wrong even with a draft, by field: its times may be over, or years away."""
    if plan.starts_at.date() < rules.FIRST or plan.ends_at.date() > rules.LAST:
        return {"starts_at": "No meeting is held on that day."}
    found = series.problems(plan, min(plan.starts_at, plan.ends_at))
    return {name: problem for name, problem in found.items() if name not in LATER}
