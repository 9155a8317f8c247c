"""Whether the portal may act in an organiser's name, before the first meeting is asked for (REFERENCE 2.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from graph import conf
from graph.errors import GraphError, NotFound
from meetings import failures
from meetings.failures import Failure
from meetings.models import Organizer

# A link in Teams' form that leads to no meeting: only whether one may look for it is asked.
NOWHERE: Final = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_commsportal_preflight%40thread.v2/0"


@dataclass(frozen=True, slots=True)
class Checked:
    """What Microsoft says about one organiser; no failure means that meetings can be held."""

    organizer: Organizer
    failure: Failure | None


def check(organizers: Iterable[Organizer]) -> list[Checked]:
    """Ask Microsoft about each of them; nothing is made there, and nothing is changed here."""
    return [Checked(one, _failure(one)) for one in organizers]


def _failure(organizer: Organizer) -> Failure | None:
    try:
        conf.client(organizer.tenant_id).meetings.find(organizer.oid, join_url=NOWHERE)
    except NotFound:
        return None
    except GraphError as error:
        return failures.of(error, organizer)
    return None
