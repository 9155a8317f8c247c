"""What a person is told when a meeting cannot be held or changed."""

from typing import TYPE_CHECKING

from commsportal.errors import Invalid, PortalError

if TYPE_CHECKING:
    from meetings.failures import Failure


class MeetingNotFound(PortalError):
    """No such meeting, or none in this person's scope: the two are not told apart."""

    status = 404
    code = "not_found"
    title = "Not found."

    def __init__(self) -> None:
        """Say the same for whatever is not there."""
        super().__init__("Not found.")


class OccurrenceNotFound(MeetingNotFound):
    """The series has no date of that day."""


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


class IsDraft(PortalError):
    """Nobody was asked for a draft yet, so there is nothing to cancel, repeat, join or look up."""

    code = "draft"

    def __init__(self, detail: str = "This meeting is a draft. Schedule it first.") -> None:
        """Say what to do."""
        super().__init__(detail)


class IsScheduled(PortalError):
    """What is scheduled is no draft any more."""

    code = "scheduled"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("This meeting is a draft no more. Look at it again.")


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


class NotTold(PortalError):
    """Microsoft does not tell when people have time; the detail says what helps."""

    code = "calendars_not_told"

    def __init__(self, failure: "Failure") -> None:
        """Say why, with Microsoft's own code."""
        super().__init__(failure.detail, graph_code=failure.code)
        self.title = failure.title


class NothingToDo(PortalError):
    """There is nothing to try again or to decide."""

    code = "nothing_to_do"
