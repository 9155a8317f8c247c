"""Find the line that a caller reached."""

from collections.abc import Iterable, Sequence

from graph.types import Identity
from routing.models import Line


def line_for(tenant_id: str, reached: Sequence[Identity], lines: Iterable[Line] | None = None) -> Line | None:
    """Return the line of `tenant_id` that the first of `reached` names: by bot identity, else by number.

    :param lines: candidates already read, so that a batch asks the database once.
    """
    if lines is None:
        lines = Line.objects.filter(tenant_id=tenant_id)
    candidates = [line for line in lines if line.tenant_id == tenant_id]
    by_bot = (line for one in reached for line in candidates if _is_bot(line, one))
    by_number = (line for one in reached for line in candidates if _is_number(line, one))
    return next(by_bot, None) or next(by_number, None)


def _is_bot(line: Line, one: Identity) -> bool:
    is_bot = one.kind in ("applicationInstance", "application")
    return is_bot and bool(line.instance_id) and line.instance_id.lower() == one.id.lower()


def _is_number(line: Line, one: Identity) -> bool:
    return one.kind == "phone" and bool(line.phone) and line.phone == one.id
