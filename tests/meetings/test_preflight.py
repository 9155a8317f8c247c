"""Before anybody schedules, an administrator sees whether Microsoft lets the portal act for an organiser."""

import pytest
from django.test import Client

from audit.models import Entry
from directory.models import Person, User
from meetings import preflight
from meetings.admin import MOST_CHECKED
from meetings.models import OnlineMeeting, Organizer
from tests.calls.service import error
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings, make_organizer
from tests.meetings.sessions import Held

PATH = "/admin/meetings/organizer/"


def asked(client: Client, *organizers: Organizer) -> str:
    form = {"action": "preflight", "_selected_action": [str(one.pk) for one in organizers]}
    return client.post(PATH, form, follow=True).content.decode()


def test_an_administrator_sees_who_can_hold_meetings_and_what_to_do_for_the_others(
    dana: Organizer, ada: User, microsoft: Meetings
) -> None:
    lacks = make_organizer("Zoe Lacks")
    microsoft.fail(
        "GET",
        lambda: None,
        lambda: None,
        error(403, "Forbidden", "No Application Access Policy found for the app"),
    )
    before = Entry.objects.count()
    said = asked(browser_of(ada), dana, lacks)
    assert "Dana Lee: the policy is there. OnlineMeetings.ReadWrite.All is needed too." in said
    assert "Zoe Lacks: The portal may not act" in said and "Grant-CsApplicationAccessPolicy" in said
    assert lacks.oid in said
    assert microsoft.asked() == ["GET", "GET", "GET"] and not OnlineMeeting.objects.exists()
    assert Entry.objects.count() == before


def test_a_calendar_that_cannot_be_read_is_told_beside_the_policy(
    dana: Organizer, ada: User, microsoft: Meetings
) -> None:
    microsoft.fail("GET", lambda: None, error(403, "ErrorAccessDenied", "Access is denied"))
    said = asked(browser_of(ada), dana)
    assert "Dana Lee: the policy is there." in said
    assert "Dana Lee: no series and no free times. Microsoft does not permit this." in said
    assert "Calendars.Read" in said


def test_somebody_who_is_gone_holds_nothing(dana: Organizer, ada: User, microsoft: Meetings) -> None:
    Person.objects.filter(oid=dana.oid).update(enabled=False)
    assert "Dana Lee: They are not in the directory any more." in asked(browser_of(ada), dana)
    assert not microsoft.asked()


def test_another_fault_is_said_as_it_is(dana: Organizer, ada: User, microsoft: Meetings) -> None:
    microsoft.fail("GET", error(403, "Forbidden", "Application lacks a role"))
    assert "Dana Lee: Microsoft does not permit this." in asked(browser_of(ada), dana)


def test_so_many_are_asked_about_at_once(ada: User, microsoft: Meetings, db: None) -> None:
    many = [make_organizer(f"Organiser {n}") for n in range(MOST_CHECKED + 1)]
    assert f"Choose at most {MOST_CHECKED}" in asked(browser_of(ada), *many) and not microsoft.asked()


def test_nobody_is_deleted_by_the_list(dana: Organizer, ada: User, microsoft: Meetings) -> None:
    form = {"action": "delete_selected", "_selected_action": [str(dana.pk)], "post": "yes"}
    browser_of(ada).post(PATH, form)
    assert Organizer.objects.filter(pk=dana.pk).exists()


@pytest.mark.parametrize("status", [403, 404, 400, 401])
def test_the_simulator_answers_as_the_service(max_: User, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    held = Held(monkeypatch, max_)
    held.in_directory(held.people["ada"])
    (checked,) = preflight.check([held.organizer])
    assert checked.failure is None
    held.other.tenant.has_access_policy = False
    held.other.faults.settings.access_policy_status = status
    (checked,) = preflight.check([held.organizer])
    assert checked.failure and "Grant-CsApplicationAccessPolicy" in checked.failure.detail
