"""Whether the portal may act in an organiser's name, before the first meeting is asked for (REFERENCE 2.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commsportal.clock import now
from directory.models import Person
from graph import conf
from graph.errors import GraphError, NotFound
from meetings import failures
from meetings.failures import Failure
from meetings.models import Organizer

# A link in Teams' form that leads to no meeting: only whether one may look for it is asked.
NOWHERE: Final = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_commsportal_preflight%40thread.v2/0"

MOMENT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Checked:
    """What Microsoft says about one organiser; no failure means that the policy is there.

    `calendar` is why series cannot be held, which are in their calendar; None when that can be read.
    """

    organizer: Organizer
    failure: Failure | None
    calendar: Failure | None = None


def check(organizers: Iterable[Organizer]) -> list[Checked]:
    """Ask Microsoft whether the portal may look for meetings of each; nothing is made there or changed here.

    The policy that this shows lets it make them as well, with the role `OnlineMeetings.ReadWrite.All`.
    """
    return [_checked(one) for one in organizers]


GONE: Final = Failure(
    "They are not in the directory any more",
    "Nobody holds meetings in their name. Name somebody else as organiser.",
    "organizer_gone",
)


def _checked(organizer: Organizer) -> Checked:
    failure = _failure(organizer)
    return Checked(organizer, failure, None if failure else _calendar(organizer))


def _calendar(organizer: Organizer) -> Failure | None:
    at = now()
    try:
        conf.client(organizer.tenant_id).calendars.view(organizer.oid, at, at + MOMENT)
    except GraphError as error:
        return failures.of(error, organizer)
    return None


def _failure(organizer: Organizer) -> Failure | None:
    people = Person.objects.filter(tenant_id=organizer.tenant_id, oid=organizer.oid, enabled=True)
    if not people.exists():
        return GONE
    try:
        conf.client(organizer.tenant_id).meetings.find(organizer.oid, join_url=NOWHERE)
    except NotFound:
        return None
    except GraphError as error:
        return failures.of(error, organizer)
    return None
