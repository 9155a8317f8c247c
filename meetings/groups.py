"""Many guests at once: everybody of a department, or the staff of a line."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404

from commsportal.errors import Invalid
from directory.api.views import people_of
from directory.models import Person, User
from meetings.rules.plan import MOST_ATTENDEES, Guest, is_address
from routing.models import Line


@dataclass(frozen=True, slots=True)
class Group:
    """Who of a group can be invited, and how many cannot."""

    results: tuple[Guest, ...]
    without_address: int
    left_off: int


def guests(user: User, department: str = "", line: int | None = None) -> Group:
    """Return whom `user` may invite by naming a group.

    :raises Invalid: neither a department nor a line is named, or both are.
    :raises Http404: there is no such line in their scope.
    """
    if bool(department) == (line is not None):
        raise Invalid("Name either a department or a line.")
    return _group(_staff(user, line) if line is not None else _department(user, department))


def _group(named: Iterable[Guest]) -> Group:
    everybody = list(named)
    found = list({one.address.casefold(): one for one in everybody if is_address(one.address)}.values())
    lacking = sum(not is_address(one.address) for one in everybody)
    return Group(tuple(found[:MOST_ATTENDEES]), lacking, max(len(found) - MOST_ATTENDEES, 0))


def _department(user: User, name: str) -> list[Guest]:
    people = people_of(Person.objects.filter(enabled=True, department=name), user).order_by("name", "pk")
    return [Guest(one.oid, one.mail or one.upn, one.name) for one in people]


def _staff(user: User, line_id: int) -> list[Guest]:
    line = Line.objects.visible_to(user).filter(pk=line_id).first()
    if line is None:
        raise Http404
    staff = list(line.staff.filter(is_active=True).order_by("name", "pk"))
    people = Person.objects.filter(enabled=True, oid__in=[one.oid for one in staff if one.oid])
    known = {(one.tenant_id, one.oid): one for one in people}
    return [_member(one, known.get((one.tenant_id, one.oid))) for one in staff]


def _member(user: User, found: Person | None) -> Guest:
    if found is None:
        return Guest(user.oid, user.email, user.get_full_name())
    return Guest(found.oid, found.mail or found.upn, found.name)
