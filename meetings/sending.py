"""Bring meetings to Microsoft as they are wanted. Runs in the worker.

One worker at a time has a meeting. All that it asks may be asked again: the meeting's own id is the external id
that makes a second creation find the first, and changes say what is to be, not what is different. So a worker that
dies leaves nothing behind but a row that falls due again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
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
    PreconditionFailed,
    Refused,
    ServerFault,
    Unauthorized,
)
from graph.meeting_values import Meeting, MeetingSettings
from graph.transport import leaving_within
from meetings import attendance, calendar_changes, events, facts, failures, outbox, passcodes
from meetings.models import OnlineMeeting

LEASE_SECONDS: Final = 20.0
LEAVE_SECONDS: Final = 15.0  # after the lease was last known to be ours no request leaves any more
FIRST_RETRY: Final = timedelta(seconds=2)
LONGEST_RETRY: Final = timedelta(minutes=5)
UNTIL_PERMITTED: Final = timedelta(minutes=30)  # a policy or consent takes so long to count (REFERENCE 2.3)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """What Microsoft has now: the meeting and how what is watched of it may be, or nothing any more.

    `theirs` is how somebody has changed it there.
    """

    found: Meeting | None
    known: list[dict[str, Any]] | None = None
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
    if not meeting.is_cancelled and not meeting.graph_id and meeting.over_at <= now():
        _put_off(meeting, failures.TOO_LATE, None)
        return
    try:
        bring(conf.client(tenant_id), meeting)
    except GraphError as error:  # 2,000 meetings a month each: nobody else's requests have to wait for that
        logger.warning("meeting %s was not brought to Microsoft: %s", meeting.pk, error)
        _put_off(meeting, failures.of(error, meeting.organizer), _wait(error, meeting.attempts))
    except (DataError, ValueError, TypeError, ArithmeticError, LookupError):
        logger.exception("meeting %s cannot be brought to Microsoft", meeting.pk)
        _put_off(meeting, failures.OURS, LONGEST_RETRY)


def bring(graph: GraphClient, meeting: OnlineMeeting, leave_seconds: float = LEAVE_SECONDS) -> None:
    """Bring a meeting that the caller has leased to Microsoft by `graph`, and write what Microsoft has then.

    :raises GraphError: Microsoft did not do it; the lease stays.
    """
    with leaving_within(leave_seconds):
        brought = _bring(graph, meeting)
    _settle(meeting, brought)


def _bring(graph: GraphClient, meeting: OnlineMeeting) -> Brought:
    if meeting.is_cancelled:
        return _remove(graph, meeting)
    organizer = meeting.organizer.oid
    tidy()  # whoever waits for Graph needs no connection to the database
    if meeting.on_calendar:
        return _bring_event(graph, meeting)
    found = graph.meetings.get(organizer, meeting.graph_id) if meeting.graph_id else _make(graph, meeting)
    seen, ours = facts.at_microsoft(found), facts.watched(meeting)
    if meeting.known is not None and seen not in (*meeting.known, ours):
        return Brought(found, theirs=seen)
    missing = facts.missing(meeting, found)
    if missing == MeetingSettings():
        return Brought(found, [seen])
    _hold(
        meeting, known=[*(meeting.known or [seen]), ours]
    )  # should its answer be lost, that is no other's change
    found = graph.meetings.update(organizer, found.id, missing)
    return Brought(found, [facts.at_microsoft(found)])


def _bring_event(graph: GraphClient, meeting: OnlineMeeting) -> Brought:
    """Bring a meeting that is an event of its organiser's calendar, of whose changes the portal wants to hear."""
    _watch(meeting)
    try:
        return Brought(*events.bring(graph, meeting, partial(_hold, meeting)))
    except events.ChangedThere as changed:
        return Brought(None, theirs=changed.seen)


def _watch(meeting: OnlineMeeting) -> None:
    if meeting.sent != meeting.version:
        calendar_changes.watch(meeting.organizer)
        tidy()


def _make(graph: GraphClient, meeting: OnlineMeeting) -> Meeting:
    """Make the meeting, or find it made before; that it may have been is on record first."""
    is_first = not meeting.asked
    _hold(meeting, asked=True)
    try:
        if is_first and not meeting.passcode and not meeting.is_cancelled:
            return passcodes.make_without(graph, meeting)
        return graph.meetings.create_or_get(
            meeting.organizer.oid,
            str(meeting.pk),
            subject=meeting.subject,
            start=meeting.starts_at,
            end=meeting.ends_at,
            attendees=facts.attendees(facts.plan_of(meeting)),
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
    if meeting.on_calendar:
        _watch(meeting)
        events.remove(graph, meeting, partial(_hold, meeting))
        return Brought(None)
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
        ours = facts.watched(meeting)
        if brought.theirs is not None and brought.theirs == ours:
            meeting.known, meeting.due_at = [ours], now()
            meeting.save()
            return
        if brought.theirs is not None and meeting.is_cancelled:
            meeting.due_at = now()
            meeting.save()
            return
        if brought.theirs is not None:
            meeting.theirs, meeting.due_at = brought.theirs, None
            meeting.save()
            _record(meeting, MICROSOFT, "meeting.changed_elsewhere", theirs=brought.theirs, known=meeting.known)
            return
        if brought.found is not None:
            meeting.known, meeting.told = brought.known, facts.told(worked)
        is_news = meeting.sent != worked.version
        meeting.sent, meeting.attempts = worked.version, 0
        meeting.due_at = _next_due(meeting, worked)
        meeting.save()
        if not is_news:  # somebody looked, and all was as it is wanted
            return
        attendance.expect(meeting)
        if meeting.sent == meeting.version:
            outbox.plan(meeting)
        if brought.found is not None:
            _record(meeting, MICROSOFT, "meeting.held", sent=meeting.sent)
        else:
            _record(meeting, MICROSOFT if meeting.asked else SYSTEM, "meeting.deleted", sent=meeting.sent)


def _next_due(meeting: OnlineMeeting, worked: OnlineMeeting) -> datetime | None:
    """Return when a meeting is due that was changed, here or in Outlook, while it was worked on; else None."""
    if meeting.version != worked.version:
        return now()
    return meeting.due_at if meeting.due_at != worked.due_at else None


def _note(meeting: OnlineMeeting, found: Meeting) -> None:
    """Keep how people come into the meeting."""
    audio = found.audio_conferencing
    meeting.graph_id, meeting.join_url = found.id, found.join_url[:2048]
    passcodes.note(meeting, found)
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
        again_at = None if wait is None else now() + wait
        meeting.due_at = _next_due(meeting, worked) or again_at
        is_news = (meeting.error_title, meeting.error_code) != (failure.title, failure.code)
        meeting.error_title, meeting.error_detail, meeting.error_code = failure.title, failure.detail, failure.code
        meeting.save()
        if is_news:
            _record(meeting, SYSTEM, "meeting.failed", title=failure.title, detail=failure.detail)


def _wait(error: GraphError, attempts: int) -> timedelta | None:
    """Return when to ask again; None: not before somebody says so."""
    if isinstance(error, (AccessPolicyMissing, Forbidden)):
        return UNTIL_PERMITTED
    if isinstance(error, (NotFound, Refused, Unauthorized)) and not isinstance(error, PreconditionFailed):
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
