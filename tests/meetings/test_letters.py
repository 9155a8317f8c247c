"""The mails that people get: to them alone, in their language, with a calendar that both readers understand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject
from django.utils import translation

from commsportal import worker
from directory.models import Person, User
from meetings import commands, letter_facts, letters
from meetings.errors import BadPlan
from meetings.models import Invitation, OnlineMeeting, Organizer
from meetings.rules.invitations import Content
from meetings.rules.phrases import ENGLISH, GERMAN
from meetings.rules.plan import Guest
from tests.calls.service import error
from tests.clock import Clock
from tests.meetings.conftest import Meetings
from tests.meetings.invited import ANN, BOB, SENDER, invited, mail, plan
from tests.meetings.mail_server import Mail, MailServer
from tests.people import api, make_person, tenant_id

__all__ = ["invited", "mail"]  # fixtures
pytestmark = pytest.mark.django_db
HEADERS = {
    "Content-Type",
    "MIME-Version",
    "Subject",
    "From",
    "To",
    "Reply-To",
    "Date",
    "Message-ID",
    "Auto-Submitted",
}


def calendars(one: Mail) -> list[Any]:
    """Return the calendars of a mail: that which mail programs show, and the attached file."""
    parts = [
        part for part in one.message.walk() if part.get_content_type() in ("text/calendar", "application/ics")
    ]
    return [icalendar.Calendar.from_ical(part.get_payload(decode=True)) for part in parts]


def event(one: Mail) -> Any:
    return calendars(one)[0].walk("VEVENT")[0]


def body(one: Mail, kind: str) -> str:
    part = one.message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.control("E2")
def test_everybody_gets_a_mail_of_their_own(invited: OnlineMeeting, mail: MailServer) -> None:
    assert sorted(one.receivers for one in mail.mails) == [[ANN], [BOB]]
    for one in mail.mails:
        assert one.sender == SENDER and one.message["From"] == SENDER and one.message["To"] == one.receivers[0]
        assert one.message["Subject"] == "Invitation: Follow-up"
        assert one.message["Auto-Submitted"] == "auto-generated"
        assert sorted(one.message.keys()) == sorted(HEADERS - {"Reply-To"})
        text = str(one.message)
        assert (ANN in text) is (one.receivers == [ANN]) and "aB3xyz" not in text


def test_the_mail_is_text_html_and_a_calendar_twice(invited: OnlineMeeting, mail: MailServer) -> None:
    (one, _) = mail.mails
    kinds = [part.get_content_type() for part in one.message.walk()]
    assert kinds == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "application/ics",
    ]
    shown = next(part for part in one.message.walk() if part.get_content_type() == "text/calendar")
    assert shown.get_param("method") == "REQUEST" and shown.get_content_charset() == "utf-8"
    first, second = calendars(one)
    assert first == second and first["METHOD"] == "REQUEST"
    found = event(one)
    assert (found["UID"], found["SEQUENCE"]) == (str(invited.pk), 1)
    assert found.start.astimezone(UTC) == invited.starts_at and found["URL"] == invited.join_url
    assert found["ATTENDEE"] == f"mailto:{one.receivers[0]}" and found["ORGANIZER"] == f"mailto:{SENDER}"
    read = vobject.readOne(shown.get_payload(decode=True).decode())
    assert read.vevent.dtend.value.astimezone(UTC) == invited.ends_at


def test_text_and_html_say_when_and_how_to_join(invited: OnlineMeeting, mail: MailServer) -> None:
    (one, _) = mail.mails
    for kind in ("plain", "html"):
        told = body(one, kind)
        assert "Dana Lee invites you to an online meeting." in told and "Europe/Berlin" in told
        assert invited.join_url in told and "+14255550100, conference 77" in told and "123456789012" not in told
    assert f'<a href="{invited.join_url}">' in body(one, "html")


def test_people_of_the_directory_are_told_in_their_language_and_answer_the_organiser(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer
) -> None:
    Person.objects.filter(oid=dana.oid).update(mail="dana@contoso.example")
    make_person("Jörg Weiß", mail="joerg@contoso.example", language="de-AT")
    commands.schedule(max_, dana.pk, plan("joerg@contoso.example", subject="Rückruf"))
    worker.run_pending()
    (one,) = mail.mails
    assert one.message["Subject"] == "Einladung: Rückruf" and one.message["Reply-To"] == "dana@contoso.example"
    assert "Dana Lee lädt Sie zu einer Online-Besprechung ein." in body(one, "plain")
    assert '<html lang="de">' in body(one, "html")
    organizer = event(one)["ORGANIZER"]
    assert organizer == "mailto:dana@contoso.example" and organizer.params["SENT-BY"] == f"mailto:{SENDER}"
    assert event(one)["ATTENDEE"].params["CN"] == "Jörg Weiß"


def test_times_are_written_as_each_language_does() -> None:
    begins = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    told = Content("x", begins, begins + timedelta(hours=2), "Europe/Berlin")
    with translation.override("en"):
        english = letter_facts.when(told, ENGLISH)
    with translation.override("de"):
        german = letter_facts.when(told, GERMAN)
    assert english == "Saturday 28 March 2026, 23:30 to Sunday 29 March 2026, 01:30 (Europe/Berlin, UTC+01:00)"
    assert german == "Samstag, 28. März 2026, 23:30 bis Sonntag, 29. März 2026, 01:30 (Europe/Berlin, UTC+01:00)"


def test_a_change_is_told_anew_and_a_setting_is_not(
    invited: OnlineMeeting, max_: User, mail: MailServer, clock: Clock
) -> None:
    wanted = plan(ANN, BOB, starts_at=invited.starts_at, ends_at=invited.ends_at)
    commands.change(max_, invited.pk, replace(wanted, lobby="everyone"), version=1)
    worker.run_pending()
    assert len(mail.mails) == 2
    commands.change(max_, invited.pk, replace(wanted, subject="Moved on"), version=2)
    worker.run_pending()
    assert len(mail.mails) == 4
    one = mail.mails[-1]
    assert one.message["Subject"] == "Changed: Moved on" and "has changed an online meeting" in body(one, "plain")
    assert (event(one)["UID"], event(one)["SEQUENCE"]) == (str(invited.pk), 3)


def test_who_is_not_invited_any_more_gets_a_cancellation_and_the_others_nothing(
    invited: OnlineMeeting, max_: User, mail: MailServer
) -> None:
    wanted = plan(ANN, "cy@fabrikam.example", starts_at=invited.starts_at, ends_at=invited.ends_at)
    commands.change(max_, invited.pk, wanted, version=1)
    worker.run_pending()
    told = {one.receivers[0]: one for one in mail.mails[2:]}
    assert set(told) == {BOB, "cy@fabrikam.example"}
    assert told[BOB].message["Subject"] == "Cancelled: Follow-up" and calendars(told[BOB])[0]["METHOD"] == "CANCEL"
    assert (event(told[BOB])["STATUS"], event(told[BOB])["SEQUENCE"]) == ("CANCELLED", 2)
    assert invited.join_url not in str(told[BOB].message) and "Reason" not in body(told[BOB], "plain")
    assert told["cy@fabrikam.example"].message["Subject"] == "Invitation: Follow-up"


def test_a_cancelled_meeting_is_cancelled_for_all(invited: OnlineMeeting, max_: User, mail: MailServer) -> None:
    commands.cancel(max_, invited.pk, version=1, reason="Dana is ill")
    worker.run_pending()
    assert sorted(one.receivers[0] for one in mail.mails[2:]) == [ANN, BOB]
    for one in mail.mails[2:]:
        assert calendars(one)[0]["METHOD"] == "CANCEL" and event(one)["UID"] == str(invited.pk)
        assert "Reason: Dana is ill" in body(one, "plain") and "Dana is ill" in body(one, "html")


def test_a_demo_finds_its_mail_in_a_folder(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, settings: Any, tmp_path: Path
) -> None:
    settings.MAIL_FROM = SENDER
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    commands.schedule(max_, dana.pk, plan(ANN))
    worker.run_pending()
    (file,) = (tmp_path / "mail").iterdir()
    assert "Subject: Invitation: Follow-up" in file.read_text() and f"To: {ANN}" in file.read_text()


def test_without_a_mail_server_nobody_is_told(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mailoutbox: list[Any]
) -> None:
    commands.schedule(max_, dana.pk, plan(ANN))
    worker.run_pending()
    assert mailoutbox == [] and not Invitation.objects.exists()


def test_nobody_is_told_of_what_microsoft_does_not_have(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer
) -> None:
    microsoft.fail("POST", error(400, "BadRequest", "no such thing"))
    meeting = commands.schedule(max_, dana.pk, plan(ANN))
    worker.run_pending()
    assert not Invitation.objects.exists()
    commands.cancel(max_, meeting.pk, version=1)
    worker.run_pending()
    assert mail.mails == []


LINES = (
    "a\r\nBcc: evil@x.example",
    "a\nBcc: evil@x.example",
    "a\rBcc: evil@x.example",
    "a\u2028Bcc: evil@x.example",
)


@pytest.mark.control("E2")
@pytest.mark.parametrize("text", LINES)
def test_a_line_more_is_refused_where_people_write(dana: Organizer, max_: User, text: str) -> None:
    with pytest.raises(BadPlan):
        commands.schedule(max_, dana.pk, plan(ANN, subject=text))
    with pytest.raises(BadPlan):
        commands.schedule(max_, dana.pk, plan(text))
    with pytest.raises(BadPlan):
        commands.schedule(max_, dana.pk, plan(f"{ANN}{text[1:]}"))
    times = {"starts_at": "2030-01-01T09:00:00Z", "ends_at": "2030-01-01T10:00:00Z", "zone": "UTC"}
    for told in ({"subject": text}, {"subject": "x", "attendees": [{"address": text}]}):
        answer = api(max_).post("/api/v1/meetings/", {"organizer": dana.pk, **times, **told}, format="json")
        assert answer.status_code in (400, 422)


@pytest.mark.control("E2")
@pytest.mark.parametrize(
    "text", [*LINES, '"<evil@x.example>', "x" * 250, "=?utf-8?q?=0ABcc:_evil?=", "\u202ered\x01\x1b"]
)
def test_whatever_the_directory_and_teams_say_the_headers_are_ours(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer, text: str
) -> None:
    """Names come from Microsoft's directory, and subjects from Teams: no form of ours has seen them."""
    make_person(text, mail="joerg@contoso.example")
    Person.objects.filter(oid=dana.oid).update(mail=f"dana@contoso.example{text}"[:320])
    Organizer.objects.update(name=text)
    meeting = commands.schedule(max_, dana.pk, plan("joerg@contoso.example"))
    OnlineMeeting.objects.filter(pk=meeting.pk).update(subject=text)
    worker.run_pending()
    (one,) = mail.mails
    assert sorted(one.message.keys()) == sorted(HEADERS - {"Reply-To"})
    assert (one.sender, one.receivers) == (SENDER, ["joerg@contoso.example"])
    assert "Bcc" not in one.message and one.message["To"] == "joerg@contoso.example"
    assert len(calendars(one)[0].walk("VEVENT")) == 1


@pytest.mark.control("E2")
@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a b@x.example", "a@x.example,b@x.example", "<a@x.example>", "a@x.example\n"]
)
def test_no_mail_goes_to_what_is_no_address(invited: OnlineMeeting, address: str) -> None:
    row = Invitation.objects.filter(meeting=invited).latest("pk")
    row.address = address
    with pytest.raises(ValueError, match="no e-mail address"):
        letters.message(row)


def test_a_guest_of_the_directory_without_an_address_is_not_mailed(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer
) -> None:
    person = make_person("Ivo Cruz", upn="ivo_ext")
    assert person.tenant_id == tenant_id()
    commands.schedule(max_, dana.pk, replace(plan(ANN), attendees=(Guest(oid=person.oid), Guest(address=ANN))))
    worker.run_pending()
    assert [one.receivers for one in mail.mails] == [[ANN]]
