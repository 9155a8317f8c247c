"""The application access policy, without which nobody's meetings can be used (REFERENCE 2.3)."""

import re

from graph.errors import GraphError

NAME = "FrontDesk"
MINUTES_TO_COUNT = 30

_CODE = "Unauthorized"
# Messages are not to be branched on (REFERENCE 16.1), but the 403 of newer pages has no code of its own for this.
# Only the remedy depends on what is read here: the request was refused either way.
_WORDS = re.compile(r"application access policy|not authorized to .+ on behalf of", re.IGNORECASE)
_STATUSES = (400, 401, 403, 404)  # which of them is uncertain (REFERENCE 20, choice 7)


def is_missing(error: GraphError) -> bool:
    """Tell whether an answer of the meetings API says that a policy lacks, in either of its wordings."""
    if error.status == 403 and error.code == _CODE:
        return True
    return error.status in _STATUSES and _WORDS.search(error.message) is not None


def commands(app_id: str, user_id: str) -> tuple[str, str]:
    """Return what a Teams administrator runs, once for the application and once for each person.

    https://learn.microsoft.com/graph/cloud-communication-online-meeting-application-access-policy
    """
    return (
        f'New-CsApplicationAccessPolicy -Identity {NAME} -AppIds "{app_id or "CLIENT_ID"}"',
        f'Grant-CsApplicationAccessPolicy -PolicyName {NAME} -Identity "{user_id}"',
    )


def remedy(app_id: str, user_id: str) -> str:
    """Say what to do about a missing policy, for somebody who can have it done."""
    make, grant = commands(app_id, user_id)
    return (
        f"A Teams administrator lets the application act in the name of {user_id}: {make} (once), then {grant}. "
        f"It takes up to {MINUTES_TO_COUNT} minutes to count; then try again."
    )
