"""Ask Graph how a call stands: the truth of its moment."""

from dataclasses import dataclass

from calls.models import Call
from calls.rules.state import Reported, Result
from graph import conf, errors, types


@dataclass(frozen=True)
class Read:
    """What a GET says; `call` is None when there is no such call any more, `since` its writes when we asked."""

    reported: Reported
    since: int
    call: types.Call | None = None

    @property
    def is_gone(self) -> bool:
        """Tell whether Graph knows no such call."""
        return self.reported.change == "gone"

    def is_overtaken(self, call: Call) -> bool:
        """Tell whether `call` has changed since the read began, which may speak of an older moment then."""
        return bool(self.reported.word) and call.writes != self.since


def read(call: Call) -> Read:
    """Read `call` by GET.

    :raises GraphError: when Graph does not say; that the call is gone is an answer.
    """
    try:
        found = conf.client(call.tenant_id).calls.get(call.graph_id, scenario_id=str(call.scenario_id))
    except errors.NotFound:
        return Read(Reported("gone"), call.writes)
    return Read(Reported("read", found.state, result(found.result)), call.writes, found)


def result(told: types.Result | None) -> Result | None:
    """Return Graph's result as the rules take it."""
    return Result(told.code, told.subcode, told.message) if told else None
