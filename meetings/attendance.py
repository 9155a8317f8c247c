"""Read who was in a meeting from Microsoft, session by session, and keep it. Runs in the worker.

Each session is kept by a transaction of its own, so a worker that dies leaves whole sessions behind and a row that
falls due again. A meeting is locked before its fetch, here as in `meetings.sending`.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import DataError, transaction

from audit.trail import MICROSOFT, SYSTEM, Event, append
from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import Duty, tidy
from graph import conf
from graph.attendance import AttendanceRecord as Told
from graph.attendance import MeetingReport
from graph.client import GraphClient
from graph.errors import Forbidden, GraphError, NotFound, Refused, Unauthorized
from graph.transport import leaving_within
from meetings import failures
from meetings.models import AttendanceFetch, AttendanceRecord, AttendanceReport, OnlineMeeting
from meetings.rules import looks
from meetings.rules.roll import Record, interval, united
from meetings.rules.times import Interval

LEASE_SECONDS: Final = 20.0
READ_SECONDS: Final = 240.0  # thousands of people come in hundreds of pages
LONGEST_SECONDS: Final = 300.0
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=2)
UNTIL_PERMITTED: Final = timedelta(minutes=30)  # a policy or consent takes so long to count (REFERENCE 2.3)
MOST_DATES: Final = 30  # that the next look is chosen among: those of a week and more
STILL_TRIED: Final = timedelta(hours=2)  # after somebody asked for it, however long the meeting is over

logger = logging.getLogger(__name__)


def expect(meeting: OnlineMeeting) -> None:
    """Have the attendance of a meeting looked at after its end; of one that is cancelled no more.

    Called in the transaction that locks the meeting.
    """
    fetches = AttendanceFetch.objects.filter(meeting=meeting)
    if meeting.is_cancelled:
        fetches.update(due_at=None, asked_at=None)
        return
    due_at = _next_look(meeting)
    _, is_new = AttendanceFetch.objects.get_or_create(meeting=meeting, defaults={"due_at": due_at})
    if not is_new:
        fetches.filter(asked_at__isnull=True).update(due_at=due_at)


def _next_look(meeting: OnlineMeeting) -> datetime | None:
    """Return when a meeting is looked at next: after the end of any of its dates."""
    at = now()
    ends = meeting.occurrences.held().filter(ends_at__gt=at - looks.AFTER_THE_END[-1]).order_by("ends_at")
    found = (looks.next_after(end, at) for end in ends.values_list("ends_at", flat=True)[:MOST_DATES])
    return min((one for one in found if one), default=None)


def ask(meeting: OnlineMeeting) -> bool:
    """Have all that Microsoft has of a meeting read anew, now; tell whether that was not asked for already.

    Called in the transaction that locks the meeting.
    """
    fetch, _ = AttendanceFetch.objects.get_or_create(meeting=meeting)
    if fetch.asked_at and fetch.due_at and not fetch.error_title:
        return False
    fetch.asked_at = fetch.due_at = now()
    fetch.attempts, fetch.error_title, fetch.error_detail, fetch.error_code = 0, "", "", ""
    fetch.save(update_fields=["asked_at", "due_at", "attempts", "error_title", "error_detail", "error_code"])
    return True


def claim(limit: int) -> Sequence[AttendanceFetch]:
    """Lease up to `limit` fetches that are due."""
    rows = AttendanceFetch.objects.order_by("due_at").lease(limit, LEASE_SECONDS)
    return cast(Sequence[AttendanceFetch], rows)


def keep(fetch: AttendanceFetch) -> None:
    """Hold on to a fetch that is under way."""
    fetch.keep_lease(LEASE_SECONDS)


def next_due() -> datetime | None:
    """Return when there is something to look at next."""
    return AttendanceFetch.objects.next_due()


def run(leased: AttendanceFetch) -> None:
    """Read what there is of one meeting, or say what stands in the way."""
    fetch = AttendanceFetch.objects.select_related("meeting__organizer").get(pk=leased.pk)
    if fetch.lease != leased.lease:
        return
    tenant_id = fetch.meeting.organizer.tenant_id
    if fetch.meeting.is_cancelled or not fetch.meeting.graph_id:
        fetch.settle_lease(due_at=None, asked_at=None, attempts=0)
        return
    if until := pauses.over_at(tenant_id, Urgency.LIST):
        turn = pauses.turn(until, Urgency.LIST)
        fetch.settle_lease(due_at=turn, attempts=max(fetch.attempts - 1, 0))
        return
    try:
        with leaving_within(READ_SECONDS):
            _read(conf.client(tenant_id), fetch)
        _settle(fetch)
    except GraphError as error:
        logger.warning("attendance of meeting %s was not read: %s", fetch.meeting_id, error)
        _put_off(fetch, failures.of_attendance(error, fetch.meeting.organizer), _again_at(error, fetch))
    except (DataError, ValueError, TypeError, ArithmeticError, LookupError):
        logger.exception("attendance of meeting %s cannot be kept", fetch.meeting_id)
        _put_off(fetch, failures.OURS, _within_limit(now() + LONGEST_RETRY, fetch))


def _read(graph: GraphClient, fetch: AttendanceFetch) -> None:
    """Read each session that is new or may have changed, the oldest first."""
    meeting = fetch.meeting
    read_at = dict(meeting.attendance_reports.values_list("graph_id", "fetched_at"))
    tidy()  # whoever waits for Graph needs no connection to the database
    organizer = meeting.organizer.oid
    for report in reversed(graph.meetings.attendance_reports(organizer, meeting.graph_id)):
        if report.id and looks.is_due(report.end, read_at.get(report.id), fetch.asked_at):
            records = graph.meetings.attendance_records(organizer, meeting.graph_id, report.id)
            _keep(fetch, report, records)
            tidy()


@transaction.atomic
def _keep(fetch: AttendanceFetch, told: MeetingReport, records: Sequence[Told]) -> None:
    """Keep one session whole, with what was known of it before.

    :raises Refused: another worker reads this meeting.
    """
    held = _still_ours(fetch)
    if held is None:
        raise Refused("another worker reads this meeting", code="TakenOver")
    report, is_new = AttendanceReport.objects.get_or_create(
        meeting_id=fetch.meeting_id, graph_id=told.id, defaults={"fetched_at": now()}
    )
    _note(report, told)
    kept = [] if is_new else [snapshot(row) for row in report.records.all()]
    known = united(kept, _records(records, _session(told)))
    if is_new or set(known) != set(kept):
        report.records.all().delete()
        AttendanceRecord.objects.bulk_create([_row(report, one) for one in known], batch_size=500)
        about = {"report": told.id, "people": len(known)}
        _record(held.meeting, MICROSOFT, "meeting.attendance_kept", **about)


def _note(report: AttendanceReport, told: MeetingReport) -> None:
    count = told.participant_count
    report.starts_at, report.ends_at = told.start or report.starts_at, told.end or report.ends_at
    report.participant_count = report.participant_count if count is None else max(count, 0)
    report.fetched_at = now()
    report.save()


def _session(told: MeetingReport) -> Interval | None:
    return interval(told.start, told.end, None)


def _records(told: Iterable[Told], session: Interval | None) -> list[Record]:
    return [
        Record(
            key=(one.id or f"number {number}")[:256],
            intervals=_intervals(one, session),
            oid=one.identity.id[:256] if one.identity else "",
            email=one.email[:320],
            name=one.identity.name[:256] if one.identity else "",
            role=one.role[:64],
        )
        for number, one in enumerate(told)
    ]


def _intervals(one: Told, session: Interval | None) -> tuple[Interval, ...]:
    told = [(each.joined_at, each.left_at) for each in one.intervals] or [(None, None)]
    found = (interval(joined_at, left_at, session) for joined_at, left_at in told)
    return tuple(each for each in found if each)


def snapshot(row: AttendanceRecord) -> Record:
    """Return a record as it was kept."""
    spans = tuple(Interval(*map(datetime.fromisoformat, pair)) for pair in row.intervals)
    return Record(row.graph_id, spans, row.oid, row.email, row.name, row.role)


def _row(report: AttendanceReport, one: Record) -> AttendanceRecord:
    spans = [[each.start.isoformat(), each.end.isoformat()] for each in one.intervals]
    return AttendanceRecord(
        report=report,
        graph_id=one.key,
        oid=one.oid,
        email=one.email,
        name=one.name,
        role=one.role,
        intervals=spans,
    )


def _settle(worked: AttendanceFetch) -> None:
    """Note that all was read, and when it is looked at next."""
    with transaction.atomic():
        fetch = _still_ours(worked)
        if fetch is None:
            return
        at = now()
        is_asked_again = fetch.asked_at != worked.asked_at
        fetch.fetched_at, fetch.attempts = at, 0
        fetch.error_title = fetch.error_detail = fetch.error_code = ""
        fetch.asked_at = fetch.asked_at if is_asked_again else None
        fetch.due_at = at if is_asked_again else _next_look(fetch.meeting)
        fetch.save()


def _put_off(worked: AttendanceFetch, failure: failures.Failure, again_at: datetime | None) -> None:
    """Say what stands in the way; without `again_at` it is not tried before somebody asks."""
    with transaction.atomic():
        fetch = _still_ours(worked)
        if fetch is None:
            return
        is_asked_again = fetch.asked_at != worked.asked_at
        fetch.due_at = now() if is_asked_again else again_at
        fetch.asked_at = fetch.asked_at if fetch.due_at else None
        is_news = (fetch.error_title, fetch.error_code) != (failure.title, failure.code)
        fetch.error_title, fetch.error_detail, fetch.error_code = failure.title, failure.detail, failure.code
        fetch.save()
        if is_news:
            words = {"title": failure.title, "detail": failure.detail}
            _record(fetch.meeting, SYSTEM, "meeting.attendance_failed", **words)


def _again_at(error: GraphError, fetch: AttendanceFetch) -> datetime | None:
    """Return when to ask again, None when asking does not help before somebody has done something."""
    at = now()
    if isinstance(error, (NotFound, Refused)):
        return _next_look(fetch.meeting)
    if isinstance(error, (Forbidden, Unauthorized)):
        return _within_limit(at + UNTIL_PERMITTED, fetch)
    wait = min(FIRST_RETRY * 2 ** min(max(fetch.attempts - 1, 0), 10), LONGEST_RETRY)
    return _within_limit(at + max(wait, timedelta(seconds=error.retry_after or 0)), fetch)


def _within_limit(at: datetime, fetch: AttendanceFetch) -> datetime | None:
    limit = looks.last(fetch.meeting.over_at)
    if fetch.asked_at:
        limit = max(limit, fetch.asked_at + STILL_TRIED)
    return at if at <= limit else None


def _still_ours(worked: AttendanceFetch) -> AttendanceFetch | None:
    """Lock the meeting and its fetch, if that is still ours; its lease goes with the save."""
    OnlineMeeting.objects.select_for_update(of=("self",)).get(pk=worked.meeting_id)
    rows = AttendanceFetch.objects.select_for_update(of=("self",)).select_related("meeting__organizer")
    fetch: AttendanceFetch | None = rows.filter(pk=worked.pk, lease=worked.lease).first()
    if fetch is None:
        logger.warning("attendance of meeting %s was taken over while it was read", worked.meeting_id)
        return None
    fetch.lease = fetch.lease_until = None
    return fetch


def _record(meeting: OnlineMeeting, actor: str, kind: str, **data: Any) -> None:
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid}
    append([Event(kind, actor, meeting.organizer.tenant_id, data=about | data)])


DUTY: Final = Duty(
    "attendance",
    2,
    claim,
    run,
    next_due,
    longest=LONGEST_SECONDS,
    keep=keep,
    about=lambda fetch: {"meeting_id": fetch.meeting_id},
)
