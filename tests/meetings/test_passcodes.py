"""Whether a meeting's number needs a passcode is chosen once; if Microsoft has it otherwise, the page says so."""

import re

import pytest

from commsportal import worker
from directory.models import User
from graph import errors
from meetings import commands, passcodes
from meetings.errors import BadPlan
from meetings.models import OnlineMeeting, Organizer
from tests.calls.service import error
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings
from tests.meetings.test_pages import told
from tests.meetings.test_scheduling import plan
from tests.people import api

pytestmark = pytest.mark.django_db
WITHOUT = {"isPasscodeRequired": False}


class Killed(BaseException):
    """The process ends here."""


def bring(meeting: OnlineMeeting) -> None:
    worker.run_pending()
    meeting.refresh_from_db()


@pytest.fixture
def wanted(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock) -> OnlineMeeting:
    """Return a meeting without a passcode that Microsoft was not asked for yet."""
    return commands.schedule(max_, dana.pk, plan(passcode=False))


def test_with_a_passcode_nothing_is_different(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())
    bring(meeting)
    assert "joinMeetingIdSettings" not in microsoft.requests[0][1]
    assert (meeting.passcode, meeting.has_passcode, passcodes.differs(meeting)) == (True, True, False)


def test_without_one_it_is_made_by_a_creation_that_takes_the_choice(
    wanted: OnlineMeeting, microsoft: Meetings
) -> None:
    bring(wanted)
    _, first = microsoft.requests[0]
    assert first["joinMeetingIdSettings"] == WITHOUT and first["externalId"] == str(wanted.pk)
    assert (wanted.sent, wanted.has_passcode, len(microsoft.all)) == (1, False, 1)
    assert not passcodes.differs(wanted)


def test_what_was_made_without_our_hearing_of_it_is_found_and_is_as_wanted(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock
) -> None:
    def made_unheard() -> None:
        microsoft._make({"externalId": str(wanted.pk), "joinMeetingIdSettings": WITHOUT}, get=False)
        raise errors.OutcomeUnknown("no answer")

    microsoft.fail("POST", made_unheard)
    bring(wanted)
    assert wanted.asked and not wanted.graph_id
    clock.forward(10)
    bring(wanted)
    assert "joinMeetingIdSettings" not in microsoft.requests[1][1]  # createOrGet takes no such choice
    assert (wanted.sent, wanted.has_passcode, len(microsoft.all)) == (1, False, 1)


def test_a_worker_killed_before_its_note_makes_no_second_meeting(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock
) -> None:
    def made_and_killed() -> None:
        microsoft._make({"externalId": str(wanted.pk), "joinMeetingIdSettings": WITHOUT}, get=False)
        raise Killed

    microsoft.fail("POST", made_and_killed)
    with pytest.raises(Killed):
        worker.run_pending()
    clock.forward(60)
    bring(wanted)
    assert (wanted.sent, wanted.has_passcode, len(microsoft.all)) == (1, False, 1)


def test_a_creation_that_never_arrived_is_made_with_a_passcode_and_the_page_says_so(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock, max_: User
) -> None:
    microsoft.fail("POST", errors.OutcomeUnknown("no answer"))
    bring(wanted)
    clock.forward(10)
    bring(wanted)
    assert (wanted.sent, wanted.has_passcode, wanted.due_at, wanted.error_title) == (1, True, None, "")
    assert passcodes.differs(wanted)
    shown = browser_of(max_).get(f"/meetings/{wanted.pk}/").content.decode()
    assert "Joining by meeting id needs a passcode, though none was wanted" in shown
    assert "<dt>Passcode</dt><dd>Needed to join by meeting id, unlike what was wanted</dd>" in shown
    told_by_api = api(max_).get(f"/api/v1/meetings/{wanted.pk}/").json()
    assert (told_by_api["passcode"], told_by_api["has_passcode"]) == (False, True)
    asked = len(microsoft.requests)
    clock.forward(3600)
    bring(wanted)
    assert len(microsoft.requests) == asked


def test_a_plain_refusal_is_repeated_as_the_first_time(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(403, "Forbidden"))
    bring(wanted)
    assert not wanted.asked and wanted.error_title
    clock.forward(3600)
    bring(wanted)
    assert (wanted.sent, wanted.has_passcode, len(microsoft.all)) == (1, False, 1)


def test_what_is_cancelled_after_an_unknown_outcome_is_found_and_deleted(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock, max_: User
) -> None:
    def made_unheard() -> None:
        microsoft._make({"externalId": str(wanted.pk), "joinMeetingIdSettings": WITHOUT}, get=False)
        raise errors.OutcomeUnknown("no answer")

    microsoft.fail("POST", made_unheard)
    bring(wanted)
    commands.cancel(max_, wanted.pk, version=1)
    clock.forward(10)
    bring(wanted)
    assert microsoft.all == {} and wanted.sent == 2


def test_it_is_changed_before_microsoft_was_asked_and_not_after(
    wanted: OnlineMeeting, microsoft: Meetings, clock: Clock, max_: User
) -> None:
    commands.change(max_, wanted.pk, plan(), version=1)
    commands.change(max_, wanted.pk, plan(passcode=False), version=2)
    bring(wanted)
    with pytest.raises(BadPlan) as refused:
        commands.change(max_, wanted.pk, plan(), version=3)
    assert refused.value.problems == {"passcode": passcodes.KEPT}
    commands.change(max_, wanted.pk, plan(passcode=False, subject="Other"), version=3)
    bring(wanted)
    assert (wanted.sent, wanted.passcode, wanted.has_passcode) == (4, False, False)


def test_the_form_says_so_at_the_field(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())
    bring(meeting)
    without = {name: value for name, value in told(dana, version="1").items() if name != "passcode"}
    answer = browser_of(max_).post(f"/meetings/{meeting.pk}/edit/", without)
    assert answer.status_code == 400
    assert answer.context["form"].errors == {"passcode": [passcodes.KEPT]}
    said = re.search(r'id="id_passcode_error">(.*?)</div>', answer.content.decode(), re.DOTALL)
    assert said and "a meeting keeps its passcode" in said[1]


def test_what_the_page_says_is_needed_is_what_microsoft_has(
    wanted: OnlineMeeting, microsoft: Meetings, max_: User
) -> None:
    bring(wanted)
    shown = browser_of(max_).get(f"/meetings/{wanted.pk}/").content.decode()
    assert "needs no passcode" in shown and "though" not in shown
    OnlineMeeting.objects.update(passcode=True)
    shown = browser_of(max_).get(f"/meetings/{wanted.pk}/").content.decode()
    assert "needs no passcode, though one was wanted" in shown
