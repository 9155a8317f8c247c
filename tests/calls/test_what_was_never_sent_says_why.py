"""A request that never left says so in plain words: none of Microsoft's, none of the machine's."""

import logging
from typing import Any

import pytest

from calls import commands, failures
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service

UNREACHABLE = errors.NotSent("no connection: [Errno 111] Connection refused", retryable=True, code="NotSent")
NO_CREDENTIAL = errors.NotSent(
    "no client secret or certificate is configured", retryable=True, code="NoCredential"
)
WRONG_SECRET = errors.NotSent("no token: AADSTS7000215", status=401, code="invalid_client", subcode=7000215)
NO_TOKEN = errors.NotSent("no token: the login service answered 503", status=503, code="NoToken")
NO_ANSWER = errors.NotSent("no token: timed out", code="OutcomeUnknown")


def given_up(call: Call, user: User, service: Service, clock: Any, error: errors.NotSent) -> Operation:
    """Return a redirect whose last try failed so."""
    service.fail("redirect", *[error] * 9)
    row = commands.redirect(call.pk, user)
    clock.forward(14.9)
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "failed"
    return row


@pytest.mark.parametrize(
    ("error", "title", "remedy"),
    [
        (UNREACHABLE, "Microsoft could not be reached", "no connection to Microsoft"),
        (NO_ANSWER, "Microsoft could not be reached", "no connection to Microsoft"),
        (NO_CREDENTIAL, "The portal has no credentials for Microsoft", "client secret or certificate for tenant"),
        (WRONG_SECRET, "Microsoft does not accept the portal's credentials", "AADSTS7000215"),
        (NO_TOKEN, "The portal could not sign in to Microsoft", "login service gave no token"),
    ],
)
def test_it_names_the_cause_and_the_remedy(
    ringing: Call, rita: User, service: Service, clock: Any, error: errors.NotSent, title: str, remedy: str
) -> None:
    row = given_up(ringing, rita, service, clock, error)
    assert row.error_title == title and remedy in row.error_detail
    for foreign in ("refused", "Errno", "Microsoft says", "no token:"):
        assert foreign not in row.error_title + row.error_detail


def test_the_log_keeps_the_cause(
    ringing: Call, rita: User, service: Service, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        row = given_up(ringing, rita, service, clock, UNREACHABLE)
    (told,) = [one.getMessage() for one in caplog.records if str(row.pk) in one.getMessage()]
    assert "Errno 111" in told


def test_our_own_checks_speak_for_themselves() -> None:
    ours = failures.settlement(errors.Refused("this tenant is not configured", code="ForeignTenant"), "contoso")
    assert (ours.title, ours.detail) == (
        "The portal cannot ask this of Microsoft",
        "this tenant is not configured",
    )
    theirs = failures.settlement(errors.Refused("no such target", status=400), "contoso")
    assert (theirs.title, theirs.detail) == ("Microsoft refused", "Microsoft says: no such target")
