"""Calls that begin here with several: people who are called together, and meetings that the bot is asked into.

People are called into a meeting that is made for them, each by an invitation of their own: a call to several at
once takes five users and no telephone, and never says who declined (REFERENCE 3.1, 5.5). The bot enters first;
that it is there has everybody rung (`asking.begin_rings`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from calls import asking, changes, coordinates, destinations
from calls.coordinates import Coordinates
from calls.errors import BadMeeting, BadTarget, NoLine, NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import callees, operations, party
from calls.rules.targets import Wanted
from commsportal.clock import now
from directory import favourites
from directory.models import Person, User
from directory.roles import DECIDE
from graph.errors import Refused
from graph.joining import parse_join_url, parse_meeting_id
from graph.values import normalize_id
from routing.models import Line

Kind = Operation.Kind


def new_call(line: Line, user: User, at: datetime) -> Call:
    """Return a call of ours from a line, before Microsoft has heard of it."""
    return Call(
        tenant_id=line.tenant_id,
        line=line,
        direction=Call.Direction.OUTGOING,
        state="establishing",
        received_at=at,
        last_seen_at=at,
        handled_by=user,
        unconfirmed=True,
    )


def call_together(line_id: int, user: User, *, wanted: Sequence[Wanted]) -> Call:
    """Call two to 25 people at once in the name of a line, each of whom comes or does not.

    :raises NoLine: `user` staffs no such line.
    :raises NotNow: the line names nobody in whose name a meeting could be held.
    :raises BadTarget: somebody cannot be called; then nobody is.
    """
    line = line_of(line_id, user)
    if problem := callees.wrong_group(wanted):
        raise BadTarget(problem)
    if not line.organizers.split():
        raise NotNow(party.NO_ORGANIZER)
    call = new_call(line, user, now())
    guests = destinations.invited(wanted, call, user)
    check_directory(wanted, line, user)
    call.handled_to = destinations.in_words([guest["targets"][0] for guest in guests])
    subject = f"{line.name}: {call.handled_to}"
    parameters = {"organizers": line.organizers_for(call.pk), "subject": subject, "guests": guests}
    return _begin(call, user, parameters)


def join(line_id: int, user: User, *, where: Coordinates) -> Call:
    """Have the bot join a meeting of the line's organisation, where people can be invited then.

    :raises NoLine: `user` staffs no such line.
    :raises BadMeeting: another organisation holds it.
    """
    line = line_of(line_id, user)
    if where.organizer_tenant_id not in ("", line.tenant_id):
        raise BadMeeting("Another organisation holds this meeting; the bot joins those of this line's own.")
    call = new_call(line, user, now())
    call.chat_id = getattr(where, "thread_id", "")
    call.handled_to = _meeting_in_words(where, line)
    return _begin(call, user, {"meeting": coordinates.keep(where)})


def by_link(link: str) -> Coordinates:
    """Read where a meeting is out of a link; it is never fetched.

    :raises BadMeeting: it is no join link, and what to paste instead.
    """
    try:
        return parse_join_url(link)
    except Refused as error:
        raise BadMeeting(error.message) from None


def by_number(meeting_id: str, passcode: str = "") -> Coordinates:
    """Return where a meeting is by the number that people type.

    :raises BadMeeting: it is none.
    """
    try:
        return parse_meeting_id(meeting_id, passcode)
    except Refused as error:
        raise BadMeeting(error.message) from None


def line_of(line_id: int, user: User) -> Line:
    if DECIDE not in user.rights:
        raise PermissionDenied
    line = Line.objects.visible_to(user).filter(pk=line_id).first()
    if line is None:
        raise NoLine("You staff no line of that id. GET /api/v1/lines/ lists yours.")
    return line


def check_directory(wanted: Sequence[Wanted], line: Line, user: User) -> None:
    """:raises BadTarget: somebody is not in the directory of the line's organisation."""
    ids = {normalize_id(one.id) for one in wanted if one.kind == "user"}
    people = Person.objects.filter(tenant_id=line.tenant_id, oid__in=ids, enabled=True)
    ours = {user.oid} if user.tenant_id == line.tenant_id else set()
    if strangers := ids.difference(people.values_list("oid", flat=True), ours):
        raise BadTarget(f"{min(strangers)} is nobody in the directory of this line's organisation.")


def _meeting_in_words(where: Coordinates, line: Line) -> str:
    number = getattr(where, "join_meeting_id", "")
    if number:
        return f"Meeting {number}"
    people = Person.objects.filter(tenant_id=line.tenant_id, oid=getattr(where, "organizer_id", ""))
    name = people.values_list("name", flat=True).first()
    return f"{name[:200]}'s meeting" if name else "A Teams meeting"


def _begin(call: Call, user: User, parameters: dict[str, Any]) -> Call:
    assert call.line is not None
    with transaction.atomic():
        ledger = Ledger()
        call.received_at = call.last_seen_at = ledger.at
        ledger.add(call)
        facts = {"to": call.handled_to, "line": call.line.name, "meeting": "meeting" in parameters}
        ledger.record(call, "call.placed", user.username, **facts)
        parameters = parameters | {"from": call.line.instance_id}
        row = asking.ask(ledger, call, Kind.JOIN, user=user, parameters=parameters)
        row.priority = operations.TABLE[Kind.CREATE].priority  # after all that somebody's call waits for
        changes.watch(ledger, call, ledger.at, whole=True)
        rung = [guest["targets"][0] for guest in parameters.get("guests", [])]
        favourites.note(user, call.tenant_id, [one["id"] for one in rung if one["kind"] == "user"])
        ledger.write()
    return call
