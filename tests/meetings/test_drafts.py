"""A draft is kept, changed, discarded or scheduled; until then Microsoft and those to be invited know nothing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client

from audit.models import Entry
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from meetings import commands, draft_views, drafts, feeds, invariants, resending
from meetings.errors import BadPlan, Changed, IsDraft, IsScheduled, MeetingNotFound, NoOrganizer
from meetings.models import AttendanceFetch, Attendee, Invitation, OnlineMeeting, Organizer
from meetings.rules.plan import Guest
from rooms import commands as rooms
from rooms.errors import NotHeld
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings, make_organizer
from tests.meetings.test_pages import told as form_of
from tests.meetings.test_scheduling import plan
from tests.people import api, make_line

pytestmark = pytest.mark.django_db
GUEST = Guest(address="guest@fabrikam.example")


@pytest.fixture
def draft(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, settings: Any) -> OnlineMeeting:
    """Return a draft of tomorrow, on a portal that sends mail."""
    settings.MAIL_FROM = "desk@contoso.example"
    return drafts.save(max_, dana.pk, plan(attendees=(GUEST,)))


def test_nobody_is_asked_for_a_draft_and_nobody_told(draft: OnlineMeeting, microsoft: Meetings) -> None:
    worker.run_pending()
    draft.refresh_from_db()
    assert (draft.state, draft.version, draft.sent, draft.due_at) == ("draft", 1, 0, None)
    assert microsoft.requests == [] and mail.outbox == [] and not Invitation.objects.exists()
    assert not AttendanceFetch.objects.exists()
    assert list(invariants.meetings_are_brought(lambda _: None)) == []
    assert list(invariants.meetings_can_be_joined(lambda _: None)) == []


def test_the_database_lets_no_draft_fall_due(draft: OnlineMeeting) -> None:
    for change in ({"due_at": now()}, {"sent": 1}, {"asked": True}, {"graph_id": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OnlineMeeting.objects.update(**change)


def test_a_scheduled_draft_is_a_meeting_like_any_other(
    draft: OnlineMeeting, max_: User, microsoft: Meetings
) -> None:
    drafts.schedule(max_, draft.pk, version=1)
    worker.run_pending()
    draft.refresh_from_db()
    assert (draft.state, draft.version, draft.sent) == ("scheduled", 2, 2) and draft.join_url
    ((_, there),) = microsoft.all.items()
    assert there["externalId"] == str(draft.pk)
    worker.run_pending()
    assert [one.to for one in mail.outbox] == [["guest@fabrikam.example"]]
    (entry,) = Entry.objects.filter(kind="meeting.scheduled")
    assert entry.actor == "max" and entry.data["changes"] == {"state": ["draft", "scheduled"]}
    assert (entry.data["version"], entry.data["subject"]) == (2, "Follow-up")


def test_what_is_changed_by_scheduling_is_on_record(draft: OnlineMeeting, max_: User) -> None:
    drafts.schedule(max_, draft.pk, version=1, plan=plan(subject="Whole", attendees=(GUEST,)))
    (entry,) = Entry.objects.filter(kind="meeting.scheduled")
    assert entry.data["changes"] == {"state": ["draft", "scheduled"], "subject": ["Follow-up", "Whole"]}


def test_a_change_is_a_difference_on_record_and_the_same_again_is_none(draft: OnlineMeeting, max_: User) -> None:
    wanted = plan(subject="Board", attendees=(GUEST, Guest(address="two@fabrikam.example")))
    drafts.change(max_, draft.pk, wanted, version=1)
    draft.refresh_from_db()
    assert (draft.version, draft.subject, draft.due_at) == (2, "Board", None)
    (entry,) = Entry.objects.filter(kind="meeting.draft_changed")
    assert set(entry.data["changes"]) == {"subject", "attendees"}
    drafts.change(max_, draft.pk, wanted, version=2)
    draft.refresh_from_db()
    assert draft.version == 2 and Entry.objects.filter(kind="meeting.draft_changed").count() == 1


def test_a_discarded_draft_is_gone_and_on_record(draft: OnlineMeeting, max_: User) -> None:
    drafts.discard(max_, draft.pk, version=1)
    assert not OnlineMeeting.objects.exists() and not Attendee.objects.exists()
    (entry,) = Entry.objects.filter(kind="meeting.discarded")
    assert (entry.actor, entry.data["meeting"], entry.data["subject"]) == ("max", str(draft.pk), "Follow-up")


def test_a_draft_may_be_over_or_lack_presenters_but_is_not_scheduled_so(
    dana: Organizer, max_: User, clock: Clock, microsoft: Meetings
) -> None:
    begins = now() - timedelta(days=1)
    over = plan(starts_at=begins, ends_at=begins + timedelta(hours=1), presenters="roleIsPresenter")
    kept = drafts.save(max_, dana.pk, over)
    with pytest.raises(BadPlan) as refused:
        drafts.schedule(max_, kept.pk, version=1)
    assert set(refused.value.problems) == {"ends_at", "presenters"}
    kept.refresh_from_db()
    assert (kept.state, kept.version) == ("draft", 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"attendees": (Guest(address="nobody"),)}, "attendees"),
        ({"attendees": (Guest(oid="0b070000-0000-4000-8000-000000000001"),)}, "attendees"),
    ],
)
def test_what_no_calendar_could_show_is_no_draft(
    dana: Organizer, max_: User, clock: Clock, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadPlan) as refused:
        drafts.save(max_, dana.pk, plan(**changes))
    assert set(refused.value.problems) == {field}


def test_days_that_no_calendar_has_are_refused(dana: Organizer, max_: User, clock: Clock) -> None:
    for year in (1900, 9990):
        begins = now().replace(year=year)
        with pytest.raises(BadPlan, match="No meeting is held on that day"):
            drafts.save(max_, dana.pk, plan(starts_at=begins, ends_at=begins + timedelta(hours=1)))
    with pytest.raises(BadPlan, match="ends after it starts"):
        drafts.save(max_, dana.pk, plan(ends_at=now()))


def test_nothing_else_can_be_asked_of_a_draft(draft: OnlineMeeting, max_: User) -> None:
    make_line("main", [max_], fallback="reject")
    for act in (
        lambda: commands.change(max_, draft.pk, plan(), version=1),
        lambda: commands.cancel(max_, draft.pk, version=1),
        lambda: commands.retry(max_, draft.pk),
        lambda: commands.resolve(max_, draft.pk, keep="ours", version=1),
        lambda: commands.fetch_attendance(max_, draft.pk),
        lambda: resending.send_again(max_, draft.pk),
        lambda: rooms.join(max_, draft.pk, 1),
        lambda: rooms.ring(max_, draft.pk),
    ):
        with pytest.raises(IsDraft):
            act()
    draft.refresh_from_db()
    assert (draft.state, draft.version) == ("draft", 1)


def test_what_is_scheduled_is_no_draft_any_more(draft: OnlineMeeting, max_: User) -> None:
    drafts.schedule(max_, draft.pk, version=1)
    for act in (
        lambda: drafts.schedule(max_, draft.pk, version=2),
        lambda: drafts.change(max_, draft.pk, plan(), version=2),
        lambda: drafts.discard(max_, draft.pk, version=2),
    ):
        with pytest.raises(IsScheduled):
            act()
    with pytest.raises(NotHeld):  # a meeting now, though Microsoft was not asked yet
        rooms.join(max_, draft.pk, 1)


def test_what_was_not_looked_at_is_not_changed(draft: OnlineMeeting, max_: User) -> None:
    for act in (
        lambda: drafts.schedule(max_, draft.pk, version=7),
        lambda: drafts.change(max_, draft.pk, plan(subject="x"), version=7),
        lambda: drafts.discard(max_, draft.pk, version=7),
    ):
        with pytest.raises(Changed):
            act()


def test_those_alone_ask_who_may_schedule(draft: OnlineMeeting, rita: User, ada: User) -> None:
    other = User.objects.create_user("mona", tenant_id=draft.organizer.tenant_id, roles=["manager"])
    for user, error in ((rita, PermissionDenied), (ada, PermissionDenied), (other, MeetingNotFound)):
        for act in (
            lambda who=user: drafts.schedule(who, draft.pk, version=1),
            lambda who=user: drafts.change(who, draft.pk, plan(), version=1),
            lambda who=user: drafts.discard(who, draft.pk, version=1),
        ):
            with pytest.raises(error):
                act()
    with pytest.raises(NoOrganizer):
        drafts.save(other, draft.organizer_id, plan())
    with pytest.raises(PermissionDenied):
        drafts.save(rita, draft.organizer_id, plan())


def test_a_draft_is_seen_by_those_alone_who_may_schedule_it(
    draft: OnlineMeeting, max_: User, rita: User, ada: User, una: User
) -> None:
    week = f"/meetings/?day={draft.starts_at.date()}"
    shown = browser_of(max_).get(week).content.decode()
    assert "Follow-up" in shown and "Draft" in shown
    assert browser_of(max_).get(f"/meetings/{draft.pk}/").status_code == 200
    assert [one["state"] for one in api(max_).get("/api/v1/meetings/").json()["results"]] == ["draft"]
    for user in (rita, ada, una):
        for view in ("agenda", "week", "month"):
            assert "Follow-up" not in browser_of(user).get(f"{week}&view={view}").content.decode()
        assert browser_of(user).get(f"/meetings/{draft.pk}/").status_code == 404
        assert api(user).get("/api/v1/meetings/").json()["results"] == []
        assert api(user).get(f"/api/v1/meetings/{draft.pk}/").status_code == 404


def test_a_draft_is_in_no_calendar_and_has_no_room(draft: OnlineMeeting, max_: User) -> None:
    assert b"Follow-up" not in feeds.feed(max_)
    desk, here = browser_of(max_), f"/meetings/{draft.pk}"
    for path in ("meeting.ics", "room/", "room/code.svg", "attendance/", "attendance.csv", "attendance.xlsx"):
        assert desk.get(f"{here}/{path}").status_code == 404
    for path in ("room/", "attendance/", "invitations/"):
        assert api(max_).get(f"/api/v1{here}/{path}").status_code == 404


def body(organizer: Organizer, **changes: Any) -> dict[str, Any]:
    begins = now() + timedelta(days=1)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=1)).isoformat(), "zone": "UTC"}
    return {"organizer": organizer.pk, "subject": "By program", **times, **changes}


def test_the_api_keeps_changes_schedules_and_discards_drafts(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    desk = api(max_)
    made = desk.post("/api/v1/meetings/", body(dana, draft=True), format="json")
    assert (made.status_code, made.json()["state"], made.json()["is_held"]) == (201, "draft", False)
    path = f"/api/v1/meetings/{made.json()['id']}"
    wanted = {name: value for name, value in body(dana).items() if name != "organizer"}
    changed = desk.put(f"{path}/", wanted | {"subject": "Other", "version": 1}, format="json")
    assert (changed.status_code, changed.json()["version"], changed.json()["state"]) == (200, 2, "draft")
    refused = desk.post(f"{path}/cancel/", {"version": 2}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "draft")
    stale = desk.post(f"{path}/schedule/", {"version": 1}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "changed")
    scheduled = desk.post(f"{path}/schedule/", {"version": 2}, format="json")
    assert (scheduled.status_code, scheduled.json()["state"]) == (202, "scheduled")
    late = desk.post(f"{path}/discard/", {"version": 3}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "scheduled")
    assert desk.put(f"{path}/", wanted | {"version": 3}, format="json").status_code == 202
    other = desk.post("/api/v1/meetings/", body(dana, draft=True), format="json").json()
    assert [one["id"] for one in desk.get("/api/v1/meetings/?state=draft").json()["results"]] == [other["id"]]
    for _ in range(2):  # the same request again is answered the same
        path, key = f"/api/v1/meetings/{other['id']}/discard/", {"HTTP_IDEMPOTENCY_KEY": "once"}
        gone = desk.post(path, {"version": 1}, format="json", **key)
        assert (gone.status_code, gone.content) == (204, b"")
    assert desk.get(f"/api/v1/meetings/{other['id']}/").status_code == 404


@pytest.fixture
def desk(max_: User) -> Client:
    return browser_of(max_)


def test_the_form_saves_a_draft_and_schedules_it_later(
    dana: Organizer, desk: Client, microsoft: Meetings, clock: Clock
) -> None:
    desk.post("/meetings/new/", form_of(dana, draft="1", attendees="guest@fabrikam.example"))
    kept = OnlineMeeting.objects.get()
    assert kept.is_draft
    shown = desk.get(f"/meetings/{kept.pk}/").content.decode()
    assert "This is a draft" in shown and "guest@fabrikam.example" in shown and "Calendar file" not in shown
    edit = f"/meetings/{kept.pk}/edit/"
    assert "Save draft" in desk.get(edit).content.decode()
    desk.post(edit, form_of(dana, subject="Again", draft="1", version="1"))
    kept.refresh_from_db()
    assert (kept.state, kept.subject, kept.version) == ("draft", "Again", 2)
    bad = desk.post(edit, form_of(dana, day="2020-01-01", version="2"))
    assert bad.status_code == 400 and "That is over already." in bad.content.decode()
    desk.post(edit, form_of(dana, version="2"))
    kept.refresh_from_db()
    assert (kept.state, kept.subject, kept.version) == ("scheduled", "Follow-up", 3)
    worker.run_pending()
    assert len(microsoft.all) == 1


def test_the_page_schedules_and_discards(dana: Organizer, desk: Client, max_: User, clock: Clock) -> None:
    first, second = (drafts.save(max_, dana.pk, plan(subject=subject)) for subject in ("One", "Two"))
    listed = desk.get("/meetings/?day=2000-01-01").content.decode()
    assert "Not scheduled yet" in listed and f"/meetings/{first.pk}/" in listed and "more" not in listed
    desk.post(f"/meetings/{first.pk}/schedule/", {"version": 1})
    first.refresh_from_db()
    assert first.state == "scheduled"
    gone = desk.post(f"/meetings/{second.pk}/discard/", {"version": 1}, follow=True)
    assert "The draft “Two” was discarded." in gone.content.decode()
    assert not OnlineMeeting.objects.filter(pk=second.pk).exists()
    refused = desk.post(f"/meetings/{first.pk}/discard/", {"version": 2}, follow=True)
    assert "a draft no more" in refused.content.decode()


def test_the_list_of_drafts_says_how_many_there_are(
    dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_views, "MOST", 2)
    for subject in ("One", "Two", "Three"):
        clock.forward(1)
        drafts.save(max_, dana.pk, plan(subject=subject))
    found = draft_views.listed(max_)
    assert [one.subject for one, _ in found.rows] == ["Three", "Two"] and (found.count, found.more) == (3, 1)
    assert "the calendar has 1 more" in desk.get("/meetings/?day=2000-01-01").content.decode()


def test_what_is_still_wrong_leads_back_to_the_form(
    dana: Organizer, desk: Client, max_: User, clock: Clock
) -> None:
    begins = now() - timedelta(days=1)
    kept = drafts.save(max_, dana.pk, plan(starts_at=begins, ends_at=begins + timedelta(hours=1)))
    answer = desk.post(f"/meetings/{kept.pk}/schedule/", {"version": 1}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/meetings/{kept.pk}/edit/"
    assert "Not scheduled. That is over already." in answer.content.decode()


def test_the_same_form_again_makes_no_second_one_and_says_what_became_of_the_first(
    dana: Organizer, desk: Client, clock: Clock
) -> None:
    same = form_of(dana, key=str(uuid4()))
    for _ in range(2):
        assert desk.post("/meetings/new/", same | {"draft": "1"}).status_code == 302
    answer = desk.post("/meetings/new/", same)
    assert answer.status_code == 400 and "saved as a draft before" in answer.content.decode()
    assert OnlineMeeting.objects.get().is_draft
    other = form_of(dana, key=str(uuid4()))
    desk.post("/meetings/new/", other)
    answer = desk.post("/meetings/new/", other | {"draft": "1"})
    assert answer.status_code == 400 and "a draft no more" in answer.content.decode()
    assert OnlineMeeting.objects.count() == 2


def test_a_manager_who_audits_sees_no_drafts_of_others(draft: OnlineMeeting, clock: Clock) -> None:
    both = User.objects.create_user("both", tenant_id=draft.organizer.tenant_id, roles=["manager", "auditor"])
    own = make_organizer("Ivo Cruz", both)
    mine = drafts.save(both, own.pk, plan())
    assert list(OnlineMeeting.objects.visible_to(both)) == [mine]
