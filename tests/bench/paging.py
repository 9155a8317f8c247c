"""In a process of its own: fill a database with a month of meetings, read its page, print the figures as JSON."""

import json
import os
from datetime import UTC, datetime, timedelta
from random import Random

from tests.bench.searching import TENANT, timed

MEETINGS = 2_000
MONTH = datetime(2026, 6, 1, tzinfo=UTC)


def main() -> None:
    """Print how long it takes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from directory.models import User

    user = User.objects.create_user("bench", roles=["manager"], tenant_id=TENANT, oid=TENANT)
    fill(user)
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client(headers={"host": settings.PUBLIC_URL.split("//")[-1]})
    client.force_login(user)

    def page() -> None:
        answer = client.get(f"/meetings/?view=month&day={MONTH:%Y-%m-%d}&zone=Europe/Berlin")
        assert answer.status_code == 200 and f"{MEETINGS:,}".replace(",", "") in answer.content.decode()

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT m.*, d.* FROM meetings_occurrence d JOIN meetings_onlinemeeting m ON m.id = d.meeting_id"
                " JOIN meetings_organizer_staff s ON s.organizer_id = m.organizer_id"
                " WHERE s.user_id = %s AND d.starts_at >= %s AND d.starts_at < %s ORDER BY d.starts_at, d.id",
                [user.pk, MONTH - timedelta(days=7), MONTH + timedelta(days=38)],
            )
            assert len(cursor.fetchall()) == MEETINGS

    print(json.dumps({"meetings": MEETINGS, "page": timed(page), "bare": timed(bare)}))


def fill(user: object) -> None:
    """Make organisers and their meetings, all in one month."""
    from meetings.models import OnlineMeeting, Organizer
    from tests.meetings.rows import hold_all

    random = Random(7)
    organizers = [
        Organizer.objects.create(tenant_id=TENANT, oid=f"dddddddd-0000-4000-8000-{n:012d}", name=f"Organiser {n}")
        for n in range(20)
    ]
    for one in organizers:
        one.staff.add(user)  # type: ignore[arg-type]
    meetings = []
    for n in range(MEETINGS):
        begins = MONTH + timedelta(
            days=random.randrange(1, 29), hours=random.randrange(6, 17), minutes=30 * (n % 2)
        )
        meetings.append(
            OnlineMeeting(
                organizer=random.choice(organizers),
                subject=f"Meeting {n}",
                starts_at=begins,
                ends_at=begins + timedelta(minutes=30),
                zone="Europe/Berlin",
                created_by=user,
                created_at=MONTH,
                sent=1,
            )
        )
    hold_all(meetings, batch_size=200)


if __name__ == "__main__":
    main()
