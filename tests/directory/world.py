"""One row of everything, on the clinic line, which omar does not staff."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from audit.trail import Event, append
from calls.models import Call, Operation, Participant, Timer
from commsportal.clock import now
from directory import tokens
from directory.models import ApiToken, Person, PresenceState, SyncState, User
from meetings.models import (
    AttendanceFetch,
    AttendanceRecord,
    AttendanceReport,
    Attendee,
    CalendarLink,
    Invitation,
    MeetingTemplate,
    Organizer,
)
from meetings.outbox import content_of
from routing.models import Line
from tests.meetings.rows import hold
from tests.people import OIDS, ROLES, make_line, make_person, make_user, tenant_id
from webhooks.models import Delivery, Subscription


@dataclass
class World:
    """What routes may be asked about."""

    users: dict[str, User]
    clinic: Line
    call: Call
    operation: Operation
    rows: dict[str, Any]

    def parameters(self, name: str) -> dict[str, object]:
        """Return the values of a route's parameters that name an existing row."""
        model = name.rpartition("_")[0]
        row = self.rows.get(model) or self.rows.get("_".join(name.split("_")[:2]))
        key = row.pk if row is not None else 1
        return {
            "call_id": self.call.pk,
            "person_id": self.rows["directory_person"].oid,
            "operation_id": self.operation.pk,
            "meeting_id": self.rows["meetings_onlinemeeting"].pk,
            "day": "2026-03-02",
            "token": "ccal_no-such-link",
            "object_id": key,
            "pk": key,
            "id": self.users["rita"].pk,
            "content_type_id": 1,
            "app_label": "audit",
            "url": "nothing/",
        }


def make_world() -> World:
    """Make the people, a ringing call of clinic and one row of every other kind."""
    users = {name: make_user(name) for name in ROLES}
    staff = [users["rita"], users["max"], users["eve"]]  # eve has a line and still no role
    clinic = make_line("clinic", staff, fallback="reject")
    at = now()
    call = Call.objects.create(
        tenant_id=tenant_id(),
        graph_id=str(uuid.uuid4()),
        direction="incoming",
        state="incoming",
        line=clinic,
        received_at=at,
        last_seen_at=at,
        deadline=at + timedelta(seconds=12),
        caller_phone="+14255550177",
    )
    operation = Operation.objects.create(
        call=call,
        kind="hang-up",
        status="failed",
        requested_by=users["rita"],
        created_at=at,
        settled_at=at,
    )
    person: Person = make_person("Dagny Sørensen")
    tokens.issue(users["rita"], "script")
    delivery = Delivery.objects.create(
        tenant_id=tenant_id(), message_key="m", index=0, body="the raw body", received_at=at, status="dead"
    )
    with transaction.atomic():
        append([Event("call.incoming", tenant_id=tenant_id(), line_id=clinic.pk, call_id=call.pk)])
    rows = {
        "audit_entry": _first("audit", "Entry"),
        "webhooks_delivery": delivery,
        "webhooks_subscription": Subscription.objects.create(
            kind="tests", tenant_id=tenant_id(), resource="/users/1/events", created_at=at, due_at=at
        ),
        "directory_user": users["rita"],
        "directory_apitoken": ApiToken.objects.get(),
        "directory_person": person,
        "directory_presencestate": PresenceState.objects.create(tenant_id=tenant_id()),
        "directory_syncstate": SyncState.objects.create(tenant_id=tenant_id(), due_at=at),
        "routing_line": clinic,
        "calls_call": call,
        "calls_operation": operation,
        "calls_timer": Timer.objects.create(call=call, kind="fallback", due_at=at),
        "calls_participant": Participant.objects.create(call=call, name="a guest", joined_at=at),
    }
    for n in range(2):  # who can be made organisers
        make_person("Ivo Cruz", oid=f"eeeeeeee-0000-4000-8000-00000000001{n}")
    organizer = Organizer.objects.create(tenant_id=tenant_id(), oid=person.oid, name=person.name)
    organizer.staff.set(staff)
    meeting = hold(
        organizer=organizer,
        subject="Follow-up",
        starts_at=at,
        ends_at=at + timedelta(hours=1),
        zone="UTC",
        created_by=users["max"],
        created_at=at,
    )
    rows |= {
        "meetings_organizer": organizer,
        "meetings_meetingtemplate": MeetingTemplate.objects.create(tenant_id=tenant_id(), name="Consultation"),
        "meetings_onlinemeeting": meeting,
        "meetings_attendee": Attendee.objects.create(meeting=meeting, position=0, address="a@fabrikam.example"),
        "meetings_invitation": Invitation.objects.create(
            meeting=meeting,
            address="a@fabrikam.example",
            kind="request",
            sequence=1,
            content=content_of(meeting).plain(),
            state="sent",
            planned_at=at,
            sent_at=at,
        ),
        "meetings_calendarlink": CalendarLink.objects.create(user=users["max"], digest="0" * 64),
    }
    report = AttendanceReport.objects.create(meeting=meeting, graph_id="report", starts_at=at, fetched_at=at)
    rows |= {
        "meetings_attendancefetch": AttendanceFetch.objects.create(meeting=meeting),
        "meetings_attendancereport": report,
        "meetings_attendancerecord": AttendanceRecord.objects.create(report=report, graph_id="g", name="a guest"),
    }
    return World(users, clinic, call, operation, rows)


def target() -> dict[str, str]:
    """Return whom a call may be sent to."""
    return {"kind": "user", "id": OIDS["max"]}


def _first(app: str, model: str) -> Any:
    from django.apps import apps

    return apps.get_model(app, model).objects.first()
