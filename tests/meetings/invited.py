"""A portal that sends mail, and a meeting that people are invited to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commsportal import worker
from commsportal.clock import now
from directory.models import User
from meetings import commands
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import Guest, Plan
from tests.clock import Clock
from tests.meetings import mail_server
from tests.meetings.conftest import Meetings
from tests.meetings.mail_server import MailServer

SENDER = "frontdesk@portal.example"
ANN, BOB = "ann@fabrikam.example", "bob@fabrikam.example"


def plan(*addresses: str, **changes: Any) -> Plan:
    """Return a meeting tomorrow, to which these are invited."""
    begins = now().replace(microsecond=0) + timedelta(days=2)
    whole = Plan("Follow-up", begins, begins + timedelta(minutes=30), "Europe/Berlin")
    return replace(whole, attendees=tuple(Guest(address=one) for one in addresses), **changes)


@pytest.fixture
def mail(settings: Any) -> Iterator[MailServer]:
    """Return the mail server that the portal uses."""
    server, stop = mail_server.start()
    settings.MAIL_FROM = SENDER
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield server
    stop()


@pytest.fixture
def invited(dana: Organizer, max_: User, microsoft: Meetings, clock: Clock, mail: MailServer) -> OnlineMeeting:
    """Return a meeting that Microsoft has, and of which Ann and Bob have been told."""
    meeting = commands.schedule(max_, dana.pk, plan(ANN, BOB))
    worker.run_pending()
    meeting.refresh_from_db()
    assert len(mail.mails) == 2
    return meeting
