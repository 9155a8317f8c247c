"""Find the line that a caller reached."""

from collections.abc import Iterable, Sequence

from graph.types import Identity
from routing.models import Line


def line_for(tenant_id: str, targets: Sequence[Identity], lines: Iterable[Line] | None = None) -> Line | None:
    """Return the line of `tenant_id` that one of `targets` names: by bot identity, else by number.

    :param lines: candidates already read, so that a batch asks the database once.
    """
    if lines is None:
        lines = Line.objects.filter(tenant_id=tenant_id)
    candidates = [line for line in lines if line.tenant_id == tenant_id]
    for target in targets:
        found = next((line for line in candidates if _is_meant(line, target)), None)
        if found:
            return found
    return None


def _is_meant(line: Line, target: Identity) -> bool:
    if target.kind == "phone":
        return bool(line.phone) and line.phone == target.id
    if target.kind in ("applicationInstance", "application"):
        return bool(line.instance_id) and line.instance_id.lower() == target.id.lower()
    return False
