"""What a person is told when a call cannot be acted on."""

from typing import Any

from calls.rules.state import Refusal
from commsportal.errors import Invalid, PortalError


class CallNotFound(PortalError):
    """No such call, or none in this person's scope: the two are not told apart."""

    status = 404
    code = "not_found"
    title = "Not found."

    def __init__(self) -> None:
        """Say the same for whatever is not there."""
        super().__init__("Not found.")


class NotNow(PortalError):
    """The call, its claim or what is under way does not allow the action."""

    def __init__(self, refusal: Refusal, **members: Any) -> None:
        """Carry the rule's own code, reason and remedy."""
        super().__init__(refusal.text, **members)
        self.code = refusal.code


class BadTarget(Invalid):
    """The call cannot be sent there."""

    code = "bad_target"


class NoLine(Invalid):
    """Nobody can call from there who does not staff it."""

    code = "no_line"


class BadMeeting(Invalid):
    """The bot cannot be asked into that meeting."""

    code = "bad_meeting"
