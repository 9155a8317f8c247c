"""Who may do what: the one table of roles and rights. `docs/roles.md` shows the same table."""

from collections.abc import Iterable
from typing import Final

SEE: Final = "see"
DECIDE: Final = "decide"
HANG_UP: Final = "hang_up"
CONFIGURE_LINE: Final = "configure_line"
SCHEDULE: Final = "schedule"
REPLAY: Final = "replay"
READ_RAW: Final = "read_raw"
TOKENS: Final = "tokens"
ADMIN: Final = "admin"

RIGHTS: Final = (SEE, DECIDE, HANG_UP, CONFIGURE_LINE, SCHEDULE, REPLAY, READ_RAW, TOKENS, ADMIN)

MATRIX: Final[dict[str, frozenset[str]]] = {
    "receptionist": frozenset({SEE, DECIDE, HANG_UP, TOKENS}),
    "manager": frozenset({SEE, DECIDE, HANG_UP, CONFIGURE_LINE, SCHEDULE, TOKENS}),
    "administrator": frozenset({SEE, HANG_UP, CONFIGURE_LINE, REPLAY, READ_RAW, TOKENS, ADMIN}),
    "auditor": frozenset({SEE, READ_RAW, TOKENS}),
}
ROLES: Final = tuple(MATRIX)
SEE_EVERY_LINE: Final = frozenset({"administrator", "auditor"})


def rights_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the union of the rights of `roles`; unknown roles give none."""
    return frozenset().union(*(MATRIX.get(role, frozenset()) for role in roles))
