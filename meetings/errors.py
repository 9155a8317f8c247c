"""What a person is told when a meeting cannot be held or changed."""

from commsportal.errors import Invalid, PortalError


class MeetingNotFound(PortalError):
    """No such meeting, or none in this person's scope: the two are not told apart."""

    status = 404
    code = "not_found"
    title = "Not found."

    def __init__(self) -> None:
        """Say the same for whatever is not there."""
        super().__init__("Not found.")


class NoOrganizer(Invalid):
    """Nobody holds meetings in somebody's name who is not among their staff."""

    code = "no_organizer"


class BadPlan(Invalid):
    """The meeting cannot be like that; `problems` says what is wrong by field."""

    code = "bad_plan"

    def __init__(self, problems: dict[str, str]) -> None:
        """Say each problem, by field."""
        self.problems = problems
        super().__init__(" ".join(problems.values()), errors={name: [text] for name, text in problems.items()})


class Changed(PortalError):
    """Somebody else has changed the meeting since it was read."""

    code = "changed"


class IsCancelled(PortalError):
    """A meeting that is cancelled stays so."""

    code = "cancelled"


class Undecided(PortalError):
    """It was changed in Teams as well, and nobody has decided yet which holds."""

    code = "undecided"


class NotInvited(PortalError):
    """Nobody of that address was told anything of the meeting."""

    code = "not_invited"


class MailIsOff(PortalError):
    """The portal has no mail server, so nobody is invited by mail."""

    code = "mail_is_off"


class IsOver(PortalError):
    """A meeting that is over needs nobody told."""

    code = "over"


class NothingToDo(PortalError):
    """There is nothing to try again or to decide."""

    code = "nothing_to_do"
