"""Whether joining by a meeting's number needs a passcode: chosen once, when Microsoft makes the meeting.

Only a plain creation takes the choice, and it never looks for what was made before (REFERENCE 9.1, 9.2). So it is
sent once, under our id, and whatever has to be repeated goes by `createOrGet` under the same id. Should the first
never have arrived, that one makes the meeting with a passcode: the page says so, and nothing is tried again.
"""

from typing import Final

from graph import meeting_values
from graph.client import GraphClient
from graph.meeting_values import MeetingSettings
from meetings import facts
from meetings.models import OnlineMeeting

KEPT: Final = (
    "Microsoft was asked for this meeting before, and a meeting keeps its passcode, or keeps having none."
)


def make_without(graph: GraphClient, meeting: OnlineMeeting) -> meeting_values.Meeting:
    """Make a meeting that nobody needs a passcode for."""
    settings = MeetingSettings(
        subject=meeting.subject,
        start=meeting.starts_at,
        end=meeting.ends_at,
        attendees=facts.attendees(facts.plan_of(meeting)),
        is_passcode_required=False,
    )
    return graph.meetings.create(meeting.organizer.oid, settings, external_id=str(meeting.pk))


def note(meeting: OnlineMeeting, found: meeting_values.Meeting) -> None:
    """Keep whether Microsoft wants a passcode; where it does not say, what it said before stays."""
    if found.is_passcode_required is not None:
        meeting.has_passcode = found.is_passcode_required


def problem(meeting: OnlineMeeting, wanted: bool) -> dict[str, str]:
    """Return that it is too late to choose, by field; empty while Microsoft has not made the meeting."""
    is_made = meeting.asked or meeting.graph_id != ""
    return {"passcode": KEPT} if is_made and wanted != meeting.passcode else {}


def differs(meeting: OnlineMeeting) -> bool:
    """Tell whether Microsoft has it otherwise than it is wanted."""
    return meeting.has_passcode is not None and meeting.has_passcode != meeting.passcode
