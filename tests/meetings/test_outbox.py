"""Letters reach the mail server, sooner or later, once where that can be known; what does not is seen."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Entry
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from meetings import commands, invariants, outbox, resending
from meetings.errors import IsOver, MailIsOff, MeetingNotFound, NothingToDo, NotInvited
from meetings.models import Invitation, OnlineMeeting, Organizer
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings
from tests.meetings.invited import ANN, BOB, invited, mail, plan
from tests.meetings.mail_server import MailServer
from tests.people import api

__all__ = ["invited", "mail"]  # fixtures
pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer) -> OnlineMeeting:
    """Return a meeting to which Ann is to be invited; nothing has been done yet."""
    return commands.schedule(max_, dana.pk, plan(ANN))


def letter() -> Invitation:
    return Invitation.objects.get()


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("CONNECT", "421 too busy"),
        ("CONNECT", "cut"),
        ("MAIL", "550 not from you"),
        ("RCPT", "450 mailbox busy"),
        ("RCPT", "cut"),
        ("DATA", "451 try later"),
        ("END", "452 no room"),
    ],
)
def test_what_fails_in_passing_is_tried_again(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, command: str, reply: str
) -> None:
    mail.fail(command, reply)
    worker.run_pending()
    row = letter()
    assert row.state == "waiting" and row.error and row.due_at == now() + timedelta(minutes=1) and mail.mails == []
    clock.forward(61)
    worker.run_pending()
    row = letter()
    assert (row.state, row.error, row.sent_at) == ("sent", "", now()) and len(mail.mails) == 1


def test_a_server_that_is_away_is_asked_less_and_less_for_a_day(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, settings: Any
) -> None:
    settings.EMAIL_PORT = 1  # nobody listens there
    begins, pauses = now(), []
    worker.run_pending()
    while (row := letter()).due_at is not None:
        pauses.append((row.due_at - now()).total_seconds() / 60)
        clock.forward((row.due_at - now()).total_seconds() + 1)
        worker.run_pending()
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60] and set(pauses[8:]) == {60.0}
    assert timedelta(hours=22) < now() - begins <= timedelta(hours=24)
    assert row.state == "failed" and "The mail server could not be used" in row.error
    (entry,) = Entry.objects.filter(kind="invitation.failed")
    assert entry.data["address"] == ANN and entry.data["meeting"] == str(meeting.pk)


@pytest.mark.parametrize(("command", "reply"), [("RCPT", "550 No such user here"), ("END", "554 spam")])
def test_what_the_server_refuses_for_good_waits_for_somebody(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, max_: User, command: str, reply: str
) -> None:
    mail.fail(command, reply)
    worker.run_pending()
    clock.forward(7200)
    worker.run_pending()
    row = letter()
    assert row.state == "failed" and row.error == f"The mail server refused it: {reply}" and mail.mails == []
    commands.cancel(max_, meeting.pk, version=1)
    worker.run_pending()
    assert mail.mails == []  # who never heard of it is told of no cancellation


def test_a_worker_that_dies_after_the_servers_yes_sends_the_same_mail_again(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one way to two mails: programs tell them from news by Message-ID, UID, SEQUENCE and DTSTAMP."""
    with monkeypatch.context() as killed:
        killed.setattr(Invitation, "settle_lease", lambda row, **changes: False)  # nothing is written any more
        worker.run_pending()
    assert (len(mail.mails), letter().state, letter().asked) == (1, "waiting", True)
    clock.forward(outbox.LEASE_SECONDS + 1)
    worker.run_pending()
    assert (len(mail.mails), letter().state) == (2, "sent")
    first, second = (one.message for one in mail.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert [part.get_payload() for part in first.walk()][2:] == [part.get_payload() for part in second.walk()][2:]


def test_who_may_have_heard_of_it_is_told_of_the_cancellation(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, max_: User
) -> None:
    mail.fail("END", "cut")  # accepted, and we do not hear of it
    worker.run_pending()
    assert letter().asked and letter().state == "waiting"
    commands.cancel(max_, meeting.pk, version=1)
    clock.forward(61)
    worker.run_pending()
    assert [one.message["Subject"].split(":")[0] for one in mail.mails] == ["Invitation", "Cancelled"]
    assert list(Invitation.objects.values_list("kind", "state")) == [("request", "dropped"), ("cancel", "sent")]


def test_a_letter_is_sent_by_one_worker(meeting: OnlineMeeting, mail: MailServer, clock: Clock) -> None:
    sending = next(duty for duty in worker.duties() if duty.name == "meetings")
    for row in sending.claim(1):
        sending.run(row)
    (first,) = outbox.claim(5)
    assert outbox.claim(5) == []
    clock.forward(outbox.LEASE_SECONDS + 1)
    (second,) = outbox.claim(5)
    outbox.run(first)
    assert mail.mails == []
    outbox.run(second)
    assert len(mail.mails) == 1 and letter().state == "sent"


def test_a_newer_version_takes_the_place_of_what_was_not_sent(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, max_: User
) -> None:
    mail.fail("CONNECT", "421 busy")
    worker.run_pending()
    commands.change(max_, meeting.pk, plan(ANN, subject="Newer"), version=1)
    worker.run_pending()
    clock.forward(7200)
    worker.run_pending()
    assert [one.message["Subject"] for one in mail.mails] == ["Invitation: Newer"]


def test_nobody_is_told_of_what_is_over(meeting: OnlineMeeting, mail: MailServer, clock: Clock) -> None:
    mail.fail("CONNECT", "421 busy")
    worker.run_pending()
    clock.forward(3 * 24 * 3600)
    worker.run_pending()
    assert (letter().state, letter().error) == ("failed", outbox.OVER) and mail.mails == []


def test_while_mail_is_off_letters_wait(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, settings: Any
) -> None:
    mail.fail("CONNECT", "421 busy")
    worker.run_pending()
    sender, settings.MAIL_FROM = settings.MAIL_FROM, ""
    clock.forward(7200)
    assert outbox.next_due() is None and outbox.claim(1) == []
    assert list(invariants.letters_are_sent(lambda seen: None)) == []
    settings.MAIL_FROM = sender
    assert outbox.next_due() is not None
    worker.run_pending()
    assert len(mail.mails) == 1


@pytest.mark.control("I19")
def test_letters_that_nobody_sends_are_found(meeting: OnlineMeeting, mail: MailServer, clock: Clock) -> None:
    mail.fail("CONNECT", "421 busy")
    worker.run_pending()
    assert list(invariants.letters_are_sent(lambda seen: None)) == []
    clock.forward(7200)
    assert len(list(invariants.letters_are_sent(lambda seen: None))) == 1


def test_the_page_says_who_was_told_and_who_was_not_and_why(
    dana: Organizer, max_: User, rita: User, microsoft: Meetings, clock: Clock, mail: MailServer
) -> None:
    mail.fail("RCPT", "550 No such user <b>here</b>", "450 busy")
    made = commands.schedule(max_, dana.pk, plan(ANN, BOB, "cy@fabrikam.example"))
    worker.run_pending()
    shown = browser_of(max_).get(f"/meetings/{made.pk}/").content.decode()
    assert "Not reached" in shown and "550 No such user &lt;b&gt;here" in shown
    assert "Tried again" in shown and "450 busy" in shown and "Invited" in shown
    assert "Send again to those not reached" in shown
    theirs = browser_of(rita).get(f"/meetings/{made.pk}/").content.decode()
    assert "Not reached" in theirs and "Send again" not in theirs


def test_a_page_looks_again_while_letters_are_on_their_way(
    meeting: OnlineMeeting, max_: User, mail: MailServer
) -> None:
    sending = next(duty for duty in worker.duties() if duty.name == "meetings")
    for row in sending.claim(1):
        sending.run(row)
    browser = browser_of(max_)
    assert "Being told" in (shown := browser.get(f"/meetings/{meeting.pk}/").content.decode())
    assert f'data-look-again="/meetings/{meeting.pk}/"' in shown
    worker.run_pending()
    assert "data-look-again" not in browser.get(f"/meetings/{meeting.pk}/").content.decode()


def test_a_page_says_that_no_mail_is_sent(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock) -> None:
    made = commands.schedule(max_, dana.pk, plan(ANN))
    shown = browser_of(max_).get(f"/meetings/{made.pk}/").content.decode()
    assert "The portal sends no mail" in shown and ANN in shown


def test_those_not_reached_are_sent_it_again(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer
) -> None:
    mail.fail("RCPT", "550 No such user")
    made = commands.schedule(max_, dana.pk, plan(ANN, BOB))
    worker.run_pending()
    clock.forward(60)
    assert browser_of(max_).post(f"/meetings/{made.pk}/send-again/").headers["Location"] == f"/meetings/{made.pk}/"
    worker.run_pending()
    assert sorted(one.receivers[0] for one in mail.mails) == [ANN, BOB]
    (entry,) = Entry.objects.filter(kind="meeting.invited_again")
    assert entry.actor == "max" and entry.data["addresses"] == [ANN]
    with pytest.raises(NothingToDo):
        resending.send_again(max_, made.pk)


def test_one_person_is_sent_it_again_as_another_mail_about_the_same_version(
    invited: OnlineMeeting, max_: User, mail: MailServer, clock: Clock
) -> None:
    clock.forward(60)
    client = api(max_)
    path = f"/api/v1/meetings/{invited.pk}/"
    assert client.post(f"{path}send-again/", {"address": ANN.upper()}, format="json").status_code == 202
    worker.run_pending()
    to_ann = [one.message for one in mail.mails if one.receivers == [ANN]]
    assert len(to_ann) == 2 and to_ann[0]["Message-ID"] != to_ann[1]["Message-ID"]
    told = client.get(f"{path}invitations/").json()["results"]
    assert [(one["address"], one["state"], one["sequence"], one["problem"]) for one in told] == [
        (ANN, "sent", 1, ""),
        (BOB, "sent", 1, ""),
    ]
    for body, code in (({}, "nothing_to_do"), ({"address": "x@y.example"}, "not_invited")):
        answer = client.post(f"{path}send-again/", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_sending_again_is_for_those_who_may_act_and_while_it_helps(
    invited: OnlineMeeting, max_: User, omar: User, clock: Clock, settings: Any
) -> None:
    User.objects.filter(pk=omar.pk).update(roles=["manager"])
    omar.refresh_from_db()
    with pytest.raises(MeetingNotFound):
        resending.send_again(omar, invited.pk)
    with pytest.raises(NotInvited):
        resending.send_again(max_, invited.pk, address="nobody@x.example")
    settings.MAIL_FROM = ""
    with pytest.raises(MailIsOff):
        resending.send_again(max_, invited.pk)
    settings.MAIL_FROM = "desk@portal.example"
    clock.forward(10 * 24 * 3600)
    with pytest.raises(IsOver):
        resending.send_again(max_, invited.pk)


def test_the_page_of_a_full_meeting_takes_few_queries(
    invited: OnlineMeeting, max_: User, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of(max_)
    with django_assert_max_num_queries(12):
        browser.get(f"/meetings/{invited.pk}/")


def test_what_waits_while_mail_is_off_is_dropped_when_it_is_so_no_more(
    meeting: OnlineMeeting, mail: MailServer, clock: Clock, max_: User, settings: Any
) -> None:
    mail.fail("CONNECT", "421 too busy")
    worker.run_pending()
    assert letter().state == "waiting"
    sender, settings.MAIL_FROM = settings.MAIL_FROM, ""
    commands.cancel(max_, meeting.pk, version=1)
    worker.run_pending()
    assert letter().state == "dropped"
    settings.MAIL_FROM = sender
    clock.forward(7200)
    worker.run_pending()
    assert mail.mails == []


def test_those_never_told_because_mail_was_off_are_told_when_somebody_asks(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer, settings: Any
) -> None:
    sender, settings.MAIL_FROM = settings.MAIL_FROM, ""
    made = commands.schedule(max_, dana.pk, plan(ANN, BOB))
    worker.run_pending()
    settings.MAIL_FROM = sender
    shown = browser_of(max_).get(f"/meetings/{made.pk}/").content.decode()
    assert "Not everybody was told" in shown and "Send again to those not reached" in shown
    resending.send_again(max_, made.pk)
    worker.run_pending()
    assert {one.state for one in Invitation.objects.all()} == {"sent"} and len(mail.mails) == 2
    with pytest.raises(NothingToDo):
        resending.send_again(max_, made.pk)
