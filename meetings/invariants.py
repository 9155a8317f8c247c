"""What always holds of meetings once things are quiet; each is named by its id in docs/security.md."""

from collections.abc import Iterator
from typing import Final

from django.db.models import F, Max, Q

from commsportal import invariants
from commsportal.invariants import Invariant, Progress
from meetings import letters
from meetings.models import AttendanceFetch, Invitation, Occurrence, OnlineMeeting

CHUNK: Final = 1000


def meetings_are_brought(progress: Progress) -> Iterator[str]:
    """I16: Microsoft has a meeting as it is wanted, or it is due, or it says what stands in the way."""
    behind = OnlineMeeting.objects.without_drafts().filter(sent__lt=F("version"), theirs__isnull=True)
    for key in behind.filter(due_at__isnull=True, error_title="").values_list("pk", flat=True).iterator(CHUNK):
        yield f"meeting {key} is not at Microsoft as it is wanted, and nobody sees to it"
    for key, since in invariants.left_lying(OnlineMeeting.objects.filter(due_at__isnull=False)):
        yield f"meeting {key} is due since {since} and nobody sees to it"


def meetings_can_be_joined(progress: Progress) -> Iterator[str]:
    """I17: a meeting that Microsoft has as it is wanted can be joined."""
    held = OnlineMeeting.objects.filter(sent=F("version"), state=OnlineMeeting.State.SCHEDULED)
    for key in held.filter(join_url="").values_list("pk", flat=True).iterator(CHUNK):
        yield f"meeting {key} is said to be held, and there is no way in"


def attendance_is_read(progress: Progress) -> Iterator[str]:
    """I18: attendance that is due is read."""
    fetches = AttendanceFetch.objects.filter(due_at__isnull=False)
    for key, since in invariants.left_lying(fetches):
        yield f"attendance fetch {key} is due since {since} and nobody sees to it"


def letters_are_sent(progress: Progress) -> Iterator[str]:
    """I19: who has to be told of a meeting is told, or it says what stands in the way."""
    if not letters.are_sent():
        return
    for key, since in invariants.left_lying(Invitation.objects.filter(due_at__isnull=False)):
        yield f"invitation {key} is due since {since} and nobody sends it"


def meetings_have_their_dates(progress: Progress) -> Iterator[str]:
    """I20: every meeting has a date that takes place, and is over when the last of them is."""
    held = Q(occurrences__state=Occurrence.State.SCHEDULED)
    rows = OnlineMeeting.objects.order_by().annotate(last=Max("occurrences__ends_at", filter=held))
    wrong = rows.filter(Q(last__isnull=True) | ~Q(last=F("over_at")))
    for key, over_at, last in wrong.values_list("pk", "over_at", "last").iterator(CHUNK):
        yield f"meeting {key} is said to be over at {over_at}, and its last date is at {last}"


ALL: Final = (
    Invariant(
        "I16",
        "Microsoft has every meeting as it is wanted, or it is due, or it says what stands in the way",
        "Does a worker run? Then open the meeting and try again; if it stays, report it.",
        meetings_are_brought,
    ),
    Invariant(
        "I17",
        "a meeting that Microsoft has as it is wanted can be joined",
        "Open the meeting and save it anew, so that it is read from Microsoft once more; report it.",
        meetings_can_be_joined,
    ),
    Invariant(
        "I18",
        "who was in a meeting is read from Microsoft when that is due",
        "Does a worker run? If it does, its log says what fails; report it.",
        attendance_is_read,
    ),
    Invariant(
        "I19",
        "who is invited by mail is told, or it is due, or it says what stands in the way",
        "Does a worker run? Its log says what it does; report it if letters stay.",
        letters_are_sent,
    ),
    Invariant(
        "I20",
        "every meeting has a date that takes place, and is over when the last of them is",
        "Open the meeting and save it anew, so that its dates are laid out once more; report it.",
        meetings_have_their_dates,
    ),
)
