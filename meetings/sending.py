"""Bring meetings to Microsoft as they are wanted. Runs in the worker.

One worker at a time has a meeting. All that it asks may be asked again: the meeting's own id is the external id
that makes a second creation find the first, and changes say what is to be, not what is different. So a worker that
dies leaves nothing behind but a row that falls due again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import DataError, transaction

from audit.trail import MICROSOFT, SYSTEM, Event, append
from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import Duty, tidy
from graph import conf
from graph.client import GraphClient
from graph.errors import (
    AccessPolicyMissing,
    Forbidden,
    GraphError,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServerFault,
    Unauthorized,
)
from graph.meeting_values import Meeting, MeetingSettings
from graph.transport import leaving_within
from meetings import attendance, facts, failures, outbox
from meetings.models import OnlineMeeting

LEASE_SECONDS: Final = 20.0
LEAVE_SECONDS: Final = 15.0  # after the lease was last known to be ours no request leaves any more
FIRST_RETRY: Final = timedelta(seconds=2)
LONGEST_RETRY: Final = timedelta(minutes=5)
UNTIL_PERMITTED: Final = timedelta(minutes=30)  # a policy or consent takes so long to count (REFERENCE 2.3)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """What Microsoft has now: the meeting, nothing any more, or something that somebody has changed there."""

    found: Meeting | None
    theirs: dict[str, Any] | None = None


def claim(limit: int) -> Sequence[OnlineMeeting]:
    """Lease up to `limit` meetings that are due."""
    rows = OnlineMeeting.objects.order_by("due_at").lease(limit, LEASE_SECONDS)
    return cast(Sequence[OnlineMeeting], rows)


def keep(meeting: OnlineMeeting) -> None:
    """Hold on to a meeting that is being worked on."""
    meeting.keep_lease(LEASE_SECONDS)


def next_due() -> datetime | None:
    """Return when there is something to do next."""
    return OnlineMeeting.objects.next_due()


def run(leased: OnlineMeeting) -> None:
    """Bring one meeting to Microsoft, or say what stands in the way."""
    meeting = OnlineMeeting.objects.select_related("organizer").prefetch_related("attendees").get(pk=leased.pk)
    if meeting.lease != leased.lease:
        return
    tenant_id = meeting.organizer.tenant_id
    until = pauses.over_at(tenant_id, Urgency.CREATE)
    if until:
        turn = pauses.turn(until, Urgency.CREATE)
        meeting.settle_lease(due_at=turn, attempts=max(meeting.attempts - 1, 0))
        return
    if not meeting.is_cancelled and not meeting.graph_id and meeting.ends_at <= now():
        _put_off(meeting, failures.TOO_LATE, None)
        return
    try:
        with leaving_within(LEAVE_SECONDS):
            brought = _bring(conf.client(tenant_id), meeting)
        _settle(meeting, brought)
    except GraphError as error:  # 2,000 meetings a month each: nobody else's requests have to wait for that
        logger.warning("meeting %s was not brought to Microsoft: %s", meeting.pk, error)
        _put_off(meeting, failures.of(error, meeting.organizer), _wait(error, meeting.attempts))
    except (DataError, ValueError, TypeError, ArithmeticError, LookupError):
        logger.exception("meeting %s cannot be brought to Microsoft", meeting.pk)
        _put_off(meeting, failures.OURS, LONGEST_RETRY)


def _bring(graph: GraphClient, meeting: OnlineMeeting) -> Brought:
    if meeting.is_cancelled:
        return _remove(graph, meeting)
    organizer = meeting.organizer.oid
    tidy()  # whoever waits for Graph needs no connection to the database
    found = graph.meetings.get(organizer, meeting.graph_id) if meeting.graph_id else _make(graph, meeting)
    seen = facts.at_microsoft(found)
    ours = {name: facts.plain(getattr(meeting, name)) for name in facts.WATCHED}
    if meeting.known is not None and seen not in (*meeting.known, ours):
        return Brought(found, seen)
    missing = facts.missing(meeting, found)
    if missing == MeetingSettings():
        return Brought(found)
    _hold(
        meeting, known=[*(meeting.known or [seen]), ours]
    )  # should its answer be lost, that is no other's change
    return Brought(graph.meetings.update(organizer, found.id, missing))


def _make(graph: GraphClient, meeting: OnlineMeeting) -> Meeting:
    """Make the meeting, or find it made before; that it may have been is on record first."""
    is_first = not meeting.asked
    _hold(meeting, asked=True)
    try:
        return graph.meetings.create_or_get(
            meeting.organizer.oid,
            str(meeting.pk),
            subject=meeting.subject,
            start=meeting.starts_at,
            end=meeting.ends_at,
            attendees=facts.attendees(meeting),
        )
    except GraphError as error:
        if is_first and not isinstance(error, (OutcomeUnknown, ServerFault)):
            _hold(meeting, asked=False)  # there is nothing to delete, should it be cancelled
        raise


def _hold(meeting: OnlineMeeting, **changes: Any) -> None:
    """Commit what is about to be asked, while the meeting is still ours.

    :raises Refused: another worker has it.
    """
    held = OnlineMeeting.objects.filter(pk=meeting.pk, lease=meeting.lease)
    if not held.update(**changes):
        raise Refused("another worker has this meeting", code="TakenOver")
    for name, value in changes.items():
        setattr(meeting, name, value)
    tidy()


def _remove(graph: GraphClient, meeting: OnlineMeeting) -> Brought:
    """Delete what there may be at Microsoft: also what was made without our hearing of it."""
    tidy()
    graph_id = meeting.graph_id or (_make(graph, meeting).id if meeting.asked else "")
    if graph_id:
        graph.meetings.delete(meeting.organizer.oid, graph_id)
    return Brought(None)


def _settle(worked: OnlineMeeting, brought: Brought) -> None:
    """Write what Microsoft has now, unless the meeting is somebody else's to bring."""
    with transaction.atomic():
        meeting = _still_ours(worked)
        if meeting is None:
            return
        if brought.found is not None:
            _note(meeting, brought.found)
        meeting.error_title = meeting.error_detail = meeting.error_code = ""
        ours = {name: facts.plain(getattr(meeting, name)) for name in facts.WATCHED}
        if brought.theirs is not None and brought.theirs == ours:
            meeting.known, meeting.due_at = [ours], now()
            meeting.save()
            return
        if brought.theirs is not None and not meeting.is_cancelled:
            meeting.theirs, meeting.due_at = brought.theirs, None
            meeting.save()
            _record(meeting, MICROSOFT, "meeting.changed_elsewhere", theirs=brought.theirs, known=meeting.known)
            return
        if brought.found is not None:
            meeting.known, meeting.told = [facts.at_microsoft(brought.found)], facts.told(worked)
        meeting.sent, meeting.attempts = worked.version, 0
        meeting.due_at = None if meeting.version == worked.version else now()
        meeting.save()
        attendance.expect(meeting)
        if meeting.sent == meeting.version:
            outbox.plan(meeting)
        if brought.found is not None:
            _record(meeting, MICROSOFT, "meeting.held", sent=meeting.sent)
        else:
            _record(meeting, MICROSOFT if meeting.asked else SYSTEM, "meeting.deleted", sent=meeting.sent)


def _note(meeting: OnlineMeeting, found: Meeting) -> None:
    """Keep how people come into the meeting."""
    audio = found.audio_conferencing
    meeting.graph_id, meeting.join_url = found.id, found.join_url[:2048]
    meeting.thread_id, meeting.number = found.thread_id[:256], found.join_meeting_id[:32]
    meeting.dial_in = (
        {"number": audio.toll_number, "conference_id": audio.conference_id, "url": audio.dial_in_url}
        if audio
        else {}
    )


def _put_off(worked: OnlineMeeting, failure: failures.Failure, wait: timedelta | None) -> None:
    """Say what stands in the way, and try again after `wait`; None: not before somebody says so."""
    with transaction.atomic():
        meeting = _still_ours(worked)
        if meeting is None:
            return
        is_changed = meeting.version != worked.version
        meeting.due_at = now() if is_changed else None if wait is None else now() + wait
        is_news = (meeting.error_title, meeting.error_code) != (failure.title, failure.code)
        meeting.error_title, meeting.error_detail, meeting.error_code = failure.title, failure.detail, failure.code
        meeting.save()
        if is_news:
            _record(meeting, SYSTEM, "meeting.failed", title=failure.title, detail=failure.detail)


def _wait(error: GraphError, attempts: int) -> timedelta | None:
    """Return when to ask again; None: not before somebody says so."""
    if isinstance(error, (AccessPolicyMissing, Forbidden)):
        return UNTIL_PERMITTED
    if isinstance(error, (NotFound, Refused, Unauthorized)):
        return None
    wait: timedelta = min(FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 10), LONGEST_RETRY)
    told = timedelta(seconds=error.retry_after or 0)
    return max(wait, told)


def _still_ours(worked: OnlineMeeting) -> OnlineMeeting | None:
    """Lock the meeting and give its lease back, if it is still the one that was worked under."""
    rows = OnlineMeeting.objects.select_for_update(of=("self",)).select_related("organizer")
    meeting: OnlineMeeting | None = rows.filter(pk=worked.pk, lease=worked.lease).first()
    if meeting is None:
        logger.warning("meeting %s was taken over while it was brought to Microsoft", worked.pk)
        return None
    meeting.lease = meeting.lease_until = None
    return meeting


def _record(meeting: OnlineMeeting, actor: str, kind: str, **data: Any) -> None:
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid, "version": meeting.version}
    append([Event(kind, actor, meeting.organizer.tenant_id, data=about | data)])


DUTY: Final = Duty(
    "meetings", 4, claim, run, next_due, keep=keep, about=lambda meeting: {"meeting_id": meeting.pk}
)
