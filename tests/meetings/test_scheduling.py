"""A meeting is scheduled, moved and cancelled, and Microsoft has it as it is wanted, whatever fails on the way."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from audit.models import Entry
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph import errors
from meetings import commands
from meetings.errors import BadPlan, Changed, IsCancelled, MeetingNotFound, NoOrganizer, NothingToDo, Undecided
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import Guest, Plan
from tests.calls.service import error
from tests.clock import Clock
from tests.meetings.conftest import Meetings, make_organizer
from tests.people import make_person

pytestmark = pytest.mark.django_db


def plan(**changes: object) -> Plan:
    begins = now().replace(microsecond=0) + timedelta(days=1)
    whole = Plan("Follow-up", begins, begins + timedelta(minutes=30), "Europe/Berlin")
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture
def held(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock) -> OnlineMeeting:
    """Return a meeting that Microsoft has."""
    meeting = commands.schedule(max_, dana.pk, plan(attendees=(Guest(address="guest@fabrikam.example"),)))
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.sent, meeting.due_at) == (1, None)
    microsoft.requests.clear()
    return meeting


def test_microsoft_gets_all_of_it_and_tells_how_to_join(held: OnlineMeeting, microsoft: Meetings) -> None:
    ((key, told),) = microsoft.all.items()
    assert told["externalId"] == str(held.pk) and told["subject"] == "Follow-up"
    assert told["participants"]["attendees"] == [{"upn": "guest@fabrikam.example", "role": "attendee"}]
    assert told["lobbyBypassSettings"] == {"scope": "organization", "isDialInBypassEnabled": False}
    assert (held.graph_id, held.join_url, held.number) == (key, f"https://teams.example/{key}", "123456789012")
    assert held.dial_in == {"number": "+14255550100", "conference_id": "77", "url": "https://d.example"}


@pytest.mark.control("P3")
def test_the_passcode_is_kept_nowhere(held: OnlineMeeting) -> None:
    kept = [str(value) for row in OnlineMeeting.objects.values() for value in row.values()]
    assert not any("aB3xyz" in text for text in [*kept, *Entry.objects.values_list("text", flat=True)])


def test_a_change_is_a_difference_on_record_and_only_that_is_told(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    later = held.starts_at + timedelta(hours=2)
    wanted = plan(
        starts_at=later,
        ends_at=later + timedelta(hours=1),
        attendees=(
            Guest(address="guest@fabrikam.example"),
            Guest(address="two@fabrikam.example", role="presenter"),
        ),
    )
    commands.change(max_, held.pk, wanted, version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert (held.version, held.sent) == (2, 2) and microsoft.asked() == ["GET", "PATCH"]
    (_, told) = microsoft.requests[1]
    assert set(told) == {"startDateTime", "endDateTime", "participants", "allowedPresenters"}
    (entry,) = Entry.objects.filter(kind="meeting.changed")
    assert entry.actor == "max" and set(entry.data["changes"]) == {"starts_at", "ends_at", "attendees"}
    assert entry.data["changes"]["starts_at"] == [at.isoformat() for at in (later - timedelta(hours=2), later)]


def test_what_is_the_same_already_makes_no_version(held: OnlineMeeting, max_: User, microsoft: Meetings) -> None:
    same = plan(
        starts_at=held.starts_at, ends_at=held.ends_at, attendees=(Guest(address="guest@fabrikam.example"),)
    )
    assert commands.change(max_, held.pk, same, version=1).version == 1
    worker.run_pending()
    assert microsoft.requests == []


def test_a_cancelled_meeting_is_deleted_there_and_stays_here(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    commands.cancel(max_, held.pk, version=1, reason="Dana is ill")
    worker.run_pending()
    held.refresh_from_db()
    assert microsoft.all == {} and (held.state, held.sent, held.due_at) == ("cancelled", 2, None)
    for act in (
        lambda: commands.cancel(max_, held.pk, version=2),
        lambda: commands.change(max_, held.pk, plan(), version=2),
    ):
        with pytest.raises(IsCancelled):
            act()


def test_what_is_cancelled_before_microsoft_heard_of_it_is_not_asked(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())
    commands.cancel(max_, meeting.pk, version=1)
    worker.run_pending()
    meeting.refresh_from_db()
    assert microsoft.requests == [] and meeting.sent == 2


def test_what_was_made_without_our_hearing_of_it_is_found_and_deleted(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())

    def made_unheard() -> None:
        microsoft.all["lost"] = {"id": "lost", "externalId": str(meeting.pk), "chatInfo": {"threadId": "19:x"}}
        raise errors.OutcomeUnknown("no answer")

    microsoft.fail("POST", made_unheard)
    worker.run_pending()
    commands.cancel(max_, meeting.pk, version=1)
    clock.forward(10)
    worker.run_pending()
    meeting.refresh_from_db()
    assert microsoft.all == {} and (meeting.sent, meeting.version) == (2, 2)


@pytest.mark.parametrize(
    "fault", [errors.OutcomeUnknown("no answer"), errors.NotSent("down"), errors.ServerFault("500", status=500)]
)
def test_what_fails_in_passing_is_tried_again_and_made_once(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, fault: Exception
) -> None:
    microsoft.fail("POST", fault, fault)
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.error_title == "Microsoft could not be asked" and meeting.due_at is not None
    for _ in range(3):
        clock.forward(10)
        worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.sent, meeting.error_title, len(microsoft.all)) == (1, "", 1)
    assert Entry.objects.filter(kind="meeting.failed").count() == 1


def test_a_pause_that_microsoft_asks_for_is_kept(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(429, "TooManyRequests", **{"retry-after": "60"}))
    commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    clock.forward(30)
    worker.run_pending()
    assert microsoft.asked() == ["POST"]
    clock.forward(40)
    worker.run_pending()
    assert OnlineMeeting.objects.get().sent == 1


def test_without_an_access_policy_the_remedy_is_named_and_tried_after_half_an_hour(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    words = "No Application Access Policy found for the app"
    microsoft.fail("POST", error(403, "Forbidden", words), error(403, "Forbidden", words))
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.error_title == "The portal may not act in the name of Dana Lee"
    assert f'Grant-CsApplicationAccessPolicy -PolicyName FrontDesk -Identity "{dana.oid}"' in meeting.error_detail
    assert meeting.due_at == now() + timedelta(minutes=30)
    commands.retry(max_, meeting.pk)
    worker.run_pending()
    clock.forward(31 * 60)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.sent, meeting.error_title) == (1, "") and microsoft.asked()[:3] == ["POST"] * 3


def test_what_microsoft_refuses_for_good_waits_for_somebody(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(400, "BadRequest", "no such thing"))
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    clock.forward(3600)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.error_title, meeting.due_at) == ("Microsoft refused", None) and microsoft.asked() == ["POST"]
    commands.retry(max_, meeting.pk)
    worker.run_pending()
    with pytest.raises(NothingToDo):
        commands.retry(max_, meeting.pk)


def test_a_meeting_that_is_gone_from_teams_says_so(held: OnlineMeeting, max_: User, microsoft: Meetings) -> None:
    microsoft.all.clear()
    commands.change(max_, held.pk, plan(subject="Another"), version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert held.error_title == "The meeting is gone from Teams" and held.due_at is None


def moved_in_teams(held: OnlineMeeting, max_: User, microsoft: Meetings) -> datetime:
    """Move a meeting in Teams, and change its subject here."""
    there = held.starts_at + timedelta(days=1)
    told = {"startDateTime": there.isoformat(), "endDateTime": (there + timedelta(minutes=30)).isoformat()}
    microsoft.all[held.graph_id] |= told
    wanted = plan(subject="Ours", starts_at=held.starts_at, ends_at=held.ends_at)
    commands.change(max_, held.pk, wanted, version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert held.theirs == {
        "subject": "Follow-up",
        "starts_at": there.astimezone(UTC).isoformat(),
        "ends_at": (there + timedelta(minutes=30)).astimezone(UTC).isoformat(),
    }
    assert microsoft.all[held.graph_id]["subject"] == "Follow-up" and held.sent == 1
    return there


def test_what_was_changed_in_teams_as_well_is_never_overwritten_silently(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    moved_in_teams(held, max_, microsoft)
    for act in (
        lambda: commands.change(max_, held.pk, plan(), version=2),
        lambda: commands.retry(max_, held.pk),
    ):
        with pytest.raises(Undecided):
            act()
    commands.resolve(max_, held.pk, keep="ours", version=2)
    worker.run_pending()
    held.refresh_from_db()
    assert (held.theirs, held.sent, held.version) == (None, 3, 3)
    assert microsoft.all[held.graph_id]["subject"] == "Ours"
    with pytest.raises(NothingToDo):
        commands.resolve(max_, held.pk, keep="ours", version=3)


def test_what_was_changed_in_teams_can_be_taken_over(held: OnlineMeeting, max_: User, microsoft: Meetings) -> None:
    there = moved_in_teams(held, max_, microsoft)
    commands.resolve(max_, held.pk, keep="theirs", version=2)
    worker.run_pending()
    held.refresh_from_db()
    assert (held.subject, held.starts_at, held.sent) == ("Follow-up", there, 3)


def test_what_is_cancelled_is_cancelled_whatever_was_changed_there(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    moved_in_teams(held, max_, microsoft)
    commands.cancel(max_, held.pk, version=2)
    worker.run_pending()
    assert microsoft.all == {}


def test_a_change_while_microsoft_is_asked_is_brought_after_it(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())
    microsoft.fail("PATCH", lambda: commands.change(max_, meeting.pk, plan(subject="Newer"), version=1) and None)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.version, meeting.sent) == (2, 2)
    assert [one["subject"] for one in microsoft.all.values()] == ["Newer"]


def test_a_worker_whose_lease_is_over_writes_nothing(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, plan())
    microsoft.fail("PATCH", lambda: OnlineMeeting.objects.update(lease=meeting.pk) and None)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.sent, meeting.graph_id) == (0, "")
    clock.forward(60)
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.sent == 1 and len(microsoft.all) == 1


def test_an_old_look_changes_nothing(held: OnlineMeeting, max_: User) -> None:
    commands.change(max_, held.pk, plan(subject="Two"), version=1)
    with pytest.raises(Changed) as refused:
        commands.change(max_, held.pk, plan(subject="Three"), version=1)
    assert refused.value.members == {"version": 2}
    with pytest.raises(Changed):
        commands.cancel(max_, held.pk, version=1)


@pytest.mark.control("Z1")
def test_nobody_acts_in_the_name_of_those_whose_staff_they_are_not(
    held: OnlineMeeting, max_: User, rita: User, ada: User
) -> None:
    other = make_organizer("Wei Chen")
    with pytest.raises(NoOrganizer):
        commands.schedule(max_, other.pk, plan())
    for user in (rita, ada):
        with pytest.raises(PermissionDenied):
            commands.schedule(user, held.organizer_id, plan())
        with pytest.raises(PermissionDenied):
            commands.cancel(user, held.pk, version=1)
    held.organizer.staff.clear()
    with pytest.raises(MeetingNotFound):
        commands.change(max_, held.pk, plan(), version=1)


def test_people_are_found_by_id_and_by_their_address(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    ivo = make_person("Ivo Cruz", mail="Ivo.Cruz@contoso.example", upn="ivo@contoso.example")
    wanted = plan(attendees=(Guest(address="IVO@contoso.example"), Guest(address="guest@fabrikam.example")))
    meeting = commands.schedule(max_, dana.pk, wanted)
    first, second = meeting.attendees.all()
    assert (first.oid, first.address, first.name) == (ivo.oid, "Ivo.Cruz@contoso.example", "Ivo Cruz")
    assert (second.oid, second.name) == ("", "")
    with pytest.raises(BadPlan, match="named twice"):
        commands.schedule(max_, dana.pk, plan(attendees=(Guest(oid=ivo.oid), Guest(address=ivo.upn))))
    with pytest.raises(BadPlan, match="nobody in the directory"):
        commands.schedule(max_, dana.pk, plan(attendees=(Guest(oid="dddddddd-0000-4000-8000-000000000001"),)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 256}, "subject"),
        ({"subject": "Hello\r\nBcc: all@contoso.example"}, "subject"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"ends_at": datetime(2000, 1, 1, tzinfo=UTC)}, "ends_at"),
        ({"presenters": "roleIsPresenter"}, "presenters"),
        ({"attendees": (Guest(address="nobody"),)}, "attendees"),
        ({"attendees": (Guest(address="a@b.example\r\nBcc: c@d.example"),)}, "attendees"),
        ({"attendees": (Guest(address='"a b"@c.example'),)}, "attendees"),
        ({"attendees": tuple(Guest(address=f"a{n}@b.example") for n in range(501))}, "attendees"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_kept(
    dana: Organizer, max_: User, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(BadPlan) as refused:
        commands.schedule(max_, dana.pk, plan(**changes))
    assert list(refused.value.problems) == [field] and not OnlineMeeting.objects.exists()


@pytest.mark.parametrize("reason", ["x" * 501, "two\nlines"])
def test_a_reason_is_one_line(held: OnlineMeeting, max_: User, reason: str) -> None:
    with pytest.raises(BadPlan):
        commands.cancel(max_, held.pk, version=1, reason=reason)


def test_a_change_whose_answer_was_lost_is_not_taken_for_one_of_teams(
    held: OnlineMeeting, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    def changed_unheard() -> None:
        microsoft.all[held.graph_id]["subject"] = "Two"
        raise errors.OutcomeUnknown("no answer")

    microsoft.fail("PATCH", changed_unheard)
    same = {"starts_at": held.starts_at, "ends_at": held.ends_at}
    commands.change(max_, held.pk, plan(subject="Two", **same), version=1)
    worker.run_pending()
    commands.change(max_, held.pk, plan(subject="Three", **same), version=2)
    clock.forward(30)
    worker.run_pending()
    held.refresh_from_db()
    assert (held.theirs, held.sent) == (None, 3) and microsoft.all[held.graph_id]["subject"] == "Three"


def test_what_was_changed_in_teams_beside_what_is_changed_here_stays(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    lobby = {"scope": "organizer", "isDialInBypassEnabled": False}
    microsoft.all[held.graph_id]["lobbyBypassSettings"] = lobby
    same = {"starts_at": held.starts_at, "ends_at": held.ends_at}
    guests = (Guest(address="guest@fabrikam.example"),)
    commands.change(max_, held.pk, plan(subject="Typo mended", attendees=guests, **same), version=1)
    worker.run_pending()
    assert microsoft.requests[-1] == ("PATCH", {"subject": "Typo mended"})
    assert microsoft.all[held.graph_id]["lobbyBypassSettings"] == lobby


def test_what_microsoft_refused_to_make_is_cancelled_without_asking(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(403, "Forbidden", "No Application Access Policy found for the app"))
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    commands.cancel(max_, meeting.pk, version=1)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.sent, meeting.error_title) == (2, "") and microsoft.asked() == ["POST"]


def test_the_same_change_on_both_sides_is_no_conflict(
    held: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    same = {"starts_at": held.starts_at, "ends_at": held.ends_at}

    def meanwhile() -> None:
        microsoft.all[held.graph_id]["subject"] = "Both"
        commands.change(max_, held.pk, plan(subject="Both", **same), version=2)

    microsoft.fail("GET", meanwhile)
    commands.change(max_, held.pk, plan(subject="Ours", **same), version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert (held.theirs, held.sent, held.subject) == (None, 3, "Both")


def test_times_that_are_none_cannot_be_taken_over(held: OnlineMeeting, max_: User, microsoft: Meetings) -> None:
    microsoft.all[held.graph_id] |= {
        "startDateTime": "0001-01-01T00:00:00Z",
        "endDateTime": "0001-01-01T00:00:00Z",
    }
    commands.change(max_, held.pk, plan(subject="Ours"), version=1)
    worker.run_pending()
    with pytest.raises(BadPlan):
        commands.resolve(max_, held.pk, keep="theirs", version=2)
    commands.resolve(max_, held.pk, keep="ours", version=2)
    worker.run_pending()
    held.refresh_from_db()
    assert held.sent == 3


def test_a_meeting_that_is_over_before_microsoft_had_it_is_not_made_any_more(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", errors.NotSent("down"))
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    clock.forward(3 * 86_400)
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.error_title == "It was over before Microsoft had it" and microsoft.asked() == ["POST"]


def test_what_the_portal_cannot_write_says_so_and_waits(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("meetings.sending._note", broken)
    meeting = commands.schedule(max_, dana.pk, plan())
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.error_title == "The portal failed on this meeting"
    assert meeting.due_at == now() + timedelta(minutes=5)


def test_the_same_request_again_brings_the_same_meeting(dana: Organizer, max_: User, clock: Clock) -> None:
    key = uuid.uuid4()
    first, second = (commands.schedule(max_, dana.pk, plan(), key=key) for _ in range(2))
    assert first.pk == second.pk == key and OnlineMeeting.objects.count() == 1
