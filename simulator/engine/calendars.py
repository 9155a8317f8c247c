"""The calendars of people: events made, changed, answered and cancelled, with a copy for everybody invited."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from simulator.engine import event_settings
from simulator.engine.event_settings import PERSONAL, TEAMS, USUAL, Wanted, invalid
from simulator.engine.events import Address, Appointment, Change, Copy, Instance, item_not_found, split_id
from simulator.engine.meetings import Meetings
from simulator.engine.model import GraphFault, Json, Party
from simulator.engine.zones import Wall
from simulator.people import Person, Tenant

COPIES_KEPT = 50_000
TRANSACTIONS_KEPT = 10_000
BLOCK = '<div class="online-meeting"><a href="{}">Join the meeting</a></div>'
OnChange = Callable[[str, str, str, str], object]


class Calendars:
    """Keep every mailbox's calendar.

    `on_change` is told of a mailbox, an event's id and state, and what became of it.
    """

    def __init__(self, new_id: Callable[[], str], meetings: Meetings) -> None:
        self.new_id = new_id
        self.meetings = meetings
        self.on_change: OnChange = lambda mailbox, event_id, etag, change: None
        self._copies: dict[str, Copy] = {}
        self._boxes: dict[str, dict[str, Copy]] = {}  # by mailbox and id
        self._shared: dict[str, dict[str, Copy]] = {}  # by uid and mailbox
        self._transactions: dict[tuple[str, str], tuple[str, str]] = {}

    # Looking up

    def of(self, mailbox: str) -> list[Copy]:
        """Return what is in a calendar."""
        return list(self._boxes.get(mailbox, {}).values())

    def find(self, mailbox: str, key: str) -> tuple[Copy, date | None]:
        """Return a copy, and the day of the occurrence that an id names.

        :raises GraphFault: if there is none.
        """
        master, day = split_id(key)
        copy = self._copies.get(master)
        if copy is None or copy.mailbox != mailbox:
            raise item_not_found()
        copy.instance(day)
        return copy, day

    def within(self, mailbox: str, since: datetime, until: datetime) -> list[Instance]:
        """Return what takes place in a calendar in a time, in order."""
        found = [one for copy in self.of(mailbox) for one in copy.within(since, until)]
        return sorted(found, key=lambda one: (one.start.at, one.id))

    # Making

    def create(self, tenant: Tenant, owner: Person, body: Json, now: datetime) -> Copy:
        """Make an event and invite whoever is named; a repeated transaction makes no second one (23.2)."""
        key = (owner.id, body.get("transactionId") or "")
        written = json.dumps(body, sort_keys=True)
        if key[1] and key in self._transactions:
            known, first = self._transactions[key]
            if written != first:
                raise GraphFault(409, "ErrorDuplicateTransactionId", "Your request can't be completed.")
            if known in self._copies:
                return self._copies[known]  # 201 again: what the repetition answers is not documented
        wanted = event_settings.read(body)
        copy = self._make(owner, wanted, key[1], now)
        if wanted.is_online:
            self._go_online(tenant, copy.appointment, now)
        if key[1]:
            self._remember(key, copy.id, written)
        self._invite(tenant, copy.appointment)
        return copy

    def _make(self, owner: Person, wanted: Wanted, transaction: str, now: datetime) -> Copy:
        appointment = Appointment(
            uid=self.new_id().replace("-", "").upper(),
            organizer=Address(owner.mail, owner.name, owner.id),
            start=wanted.start,
            end=wanted.end,
            created_at=now,
            changed_at=now,
            members=USUAL | wanted.members,
            attendees=wanted.attendees or (),
            recurrence=wanted.recurrence,
            transaction=transaction,
        )
        return self._add(owner.id, appointment, is_organizer=True)

    def _add(self, mailbox: str, appointment: Appointment, *, is_organizer: bool = False) -> Copy:
        while len(self._copies) >= COPIES_KEPT:
            self._drop(next(iter(self._copies.values())))
        name = urlsafe_b64encode(UUID(self.new_id()).bytes + b"\x01\x02").decode()
        copy = Copy(f"AAMk{name}=", mailbox, appointment, is_organizer)
        copy.response = "organizer" if is_organizer else "notResponded"
        self._copies[copy.id] = copy
        self._boxes.setdefault(mailbox, {})[copy.id] = copy
        self._shared.setdefault(appointment.uid, {})[mailbox] = copy
        self._tell(copy, "created")
        return copy

    def _drop(self, copy: Copy) -> None:
        self._copies.pop(copy.id, None)
        self._boxes[copy.mailbox].pop(copy.id, None)
        self._leave(copy)

    def _leave(self, copy: Copy) -> None:
        """Have a copy no longer share its appointment."""
        sharing = self._shared.get(copy.appointment.uid, {})
        if sharing.get(copy.mailbox) is copy:
            sharing.pop(copy.mailbox)
        if not sharing:
            self._shared.pop(copy.appointment.uid, None)

    def _remember(self, key: tuple[str, str], copy_id: str, written: str) -> None:
        while len(self._transactions) >= TRANSACTIONS_KEPT:
            self._transactions.pop(next(iter(self._transactions)))
        self._transactions[key] = copy_id, written

    def _invite(self, tenant: Tenant, appointment: Appointment) -> None:
        """Put a copy into the calendar of everybody who is invited and has none; take back those of others."""
        wanted = {one["address"].lower() for one in appointment.attendees}
        people = {p.id for p in tenant.people.values() if wanted & {p.mail.lower(), p.upn.lower()}}
        have = {copy.mailbox: copy for copy in self._others(appointment)}
        for mailbox in sorted(people - have.keys() - {appointment.organizer.id}):
            self._add(mailbox, appointment)
        for mailbox in sorted(have.keys() - people):
            self._leave(have[mailbox])
            have[mailbox].appointment = replace(deepcopy(appointment), is_cancelled=True)
            self._tell(have[mailbox], "updated")

    def _others(self, appointment: Appointment) -> list[Copy]:
        return [copy for copy in self._shared.get(appointment.uid, {}).values() if not copy.is_organizer]

    def _go_online(self, tenant: Tenant, appointment: Appointment, now: datetime) -> None:
        """Make the online meeting of an event: one for a whole series (REFERENCE 23.5)."""
        who = appointment.organizer
        subject = str(appointment.members["subject"] or "")
        meeting = self.meetings.make(Party("user", who.id, who.name, tenant.id), now, subject=subject)
        meeting.start, meeting.end = appointment.start.at, appointment.end.at
        appointment.meeting = meeting
        body = appointment.members["body"]
        block = BLOCK.format(meeting.join_url)
        appointment.members["body"] = {**body, "content": f"{body.get('content') or ''}{block}"}

    # Changing

    def update(self, tenant: Tenant, copy: Copy, day: date | None, body: Json, now: datetime) -> None:
        """Change an event: for everybody if its organizer does, on the own copy if somebody else does."""
        if not copy.is_organizer:
            self._update_own(copy, body)
        elif day is None:
            self._update_whole(tenant, copy.appointment, body, now)
        else:
            self._update_one(copy.appointment, copy, day, body, now)
        self._told(copy, "updated")

    def _update_own(self, copy: Copy, body: Json) -> None:
        if not_theirs := sorted({"start", "end", "recurrence", "attendees", "isOnlineMeeting"} & body.keys()):
            raise GraphFault(403, "ErrorAccessDenied", f"Only the organizer changes {', '.join(not_theirs)}.")
        found = event_settings.members_of(body)
        copy.own |= {name: value for name, value in found.items() if name in PERSONAL}
        copy.version += 1

    def _update_whole(self, tenant: Tenant, shared: Appointment, body: Json, now: datetime) -> None:
        wanted = event_settings.read(body, shared)
        if wanted.recurrence != shared.recurrence or wanted.moves:
            shared.changes, shared.deleted = {}, set()
        shared.start, shared.end, shared.recurrence = wanted.start, wanted.end, wanted.recurrence
        shared.members = shared.members | wanted.members
        self._keep_meeting(shared, wanted)
        if wanted.is_online and shared.meeting is None:
            self._go_online(tenant, shared, now)
        shared.touch(now)
        if wanted.attendees is not None:
            answers = {one["address"].lower(): one for one in shared.attendees}
            shared.attendees = tuple(answers.get(one["address"].lower(), {}) | one for one in wanted.attendees)
            self._invite(tenant, shared)

    def _keep_meeting(self, shared: Appointment, wanted: Wanted) -> None:
        """Have the online meeting follow its event; a text that lost the block has lost the meeting (23.6)."""
        if shared.meeting is None:
            return
        if "body" in wanted.members and shared.meeting.join_url not in str(shared.members["body"].get("content")):
            shared.meeting = None
            return
        shared.meeting.subject = str(shared.members["subject"] or "")
        shared.meeting.start, shared.meeting.end = shared.start.at, shared.end.at

    def _update_one(self, shared: Appointment, copy: Copy, day: date, body: Json, now: datetime) -> None:
        if body.get("recurrence"):
            raise invalid("An occurrence has no recurrence of its own.")
        instance, known = copy.instance(day), shared.changes.get(day)
        wanted = event_settings.read({**body, "recurrence": None}, shared, (instance.start, instance.end))
        before, after = shared.neighbours(day)
        moved_to = Wall.of(wanted.start.at, shared.zone).shown.date()
        if moved_to != day and not before < moved_to < after:
            text = "Modified occurrence is crossing or overlapping adjacent occurrence."
            raise GraphFault(400, "ErrorOccurrenceCrossingBoundary", text)
        members = (known.members if known else {}) | wanted.members
        shared.changes[day] = Change(wanted.start, wanted.end, members)
        shared.touch(now)

    def _tell(self, copy: Copy, change: str) -> None:
        self.on_change(copy.mailbox, copy.id, "" if change == "deleted" else copy.etag, change)

    def _told(self, copy: Copy, change: str) -> None:
        self._tell(copy, change)
        for other in self._others(copy.appointment) if copy.is_organizer else ():
            self._tell(other, change)

    # Ending

    def delete(self, copy: Copy, day: date | None, now: datetime) -> None:
        """Take an event out of a calendar; if its organizer does, it is cancelled for everybody else."""
        shared = copy.appointment
        if day is not None:
            self._delete_one(copy, day, now)
            return
        if copy.is_organizer:
            shared.is_cancelled = True
            shared.touch(now)
        others = self._others(shared) if copy.is_organizer else []
        self._drop(copy)
        self._tell(copy, "deleted")
        for other in others:
            self._tell(other, "updated")

    def _delete_one(self, copy: Copy, day: date, now: datetime) -> None:
        shared = copy.appointment
        if copy.is_organizer:
            shared.deleted.add(day)
            shared.changes.pop(day, None)
            shared.touch(now)
        else:
            copy.hidden.add(day)
            copy.version += 1
        self._told(copy, "updated")

    def cancel(self, copy: Copy, day: date | None, now: datetime) -> None:
        """Cancel an event, which its organizer alone can; their own copy goes to Deleted Items."""
        if not copy.is_organizer:
            raise invalid("You need to be an organizer to cancel a meeting.")
        self.delete(copy, day, now)

    def respond(self, copy: Copy, response: str, now: datetime) -> None:
        """Answer an invitation, and tell the organizer."""
        if copy.is_organizer:
            raise invalid("You can't respond to this meeting because you're the meeting organizer.")
        copy.response, copy.responded_at = response, now
        copy.version += 1
        for one in self._shared.get(copy.appointment.uid, {copy.mailbox: copy}).values():
            if one is copy or one.is_organizer:
                self._tell(one, "updated")

    def answers(self, appointment: Appointment) -> dict[str, Copy]:
        """Return the copies of who is invited, by mailbox."""
        return {copy.mailbox: copy for copy in self._others(appointment)}


def provider(appointment: Appointment) -> str:
    """Return who holds the online meeting of an event."""
    return TEAMS if appointment.meeting else "unknown"
