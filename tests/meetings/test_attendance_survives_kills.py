"""A worker that is killed at each single step of reading attendance leaves whole sessions, and another goes on."""

import pytest

from audit.models import Entry
from commsportal import worker
from directory.models import User
from meetings import attendance
from meetings.models import AttendanceFetch, AttendanceReport
from tests.meetings.sessions import Held
from tests.torture.points import Child, Points

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, LEAST_POINTS = (1, 2), 12


def kept() -> list[int]:
    """Return how many people each kept session names."""
    return [report.records.count() for report in AttendanceReport.objects.order_by("starts_at")]


def entries() -> int:
    return Entry.objects.filter(kind="meeting.attendance_kept").count()


@pytest.mark.control("R2")
@pytest.mark.timeout(600)
def test_every_session_is_kept_once_and_whole(max_: User, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch, max_)
    held.session(("ada", 0, 30))
    held.session(("ada", 35, 60), ("rita", 40, 60))
    held.at(65)
    due = AttendanceFetch.objects.get()
    fatal, was_killed = 0, True
    while was_killed:
        fatal += 1
        points, before = Points(fatal), entries()
        was_killed = Child(lambda points: attendance.run(attendance.claim(1)[0]), points).wait()
        at = f"point {fatal}: {points.name()}"
        assert kept() in ([], [1], [1, 2]), at
        assert entries() - before == len(kept()), at
        held.at(66)
        worker.run_pending()
        assert tuple(kept()) == PEOPLE and entries() - before == len(PEOPLE), at
        assert AttendanceFetch.objects.get().lease is None and AttendanceFetch.objects.get().fetched_at, at
        points.close()
        AttendanceReport.objects.all().delete()
        held.at(65)
        AttendanceFetch.objects.update(due_at=due.due_at, fetched_at=None)
    assert fatal > LEAST_POINTS
