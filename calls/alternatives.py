"""Who else might take a call that has come back: colleagues of whoever did not, those who are free first."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from calls.models import Call, Operation
from directory import presence
from directory.models import Person

MOST: Final = 8
LOOKED_AT: Final = 50  # of a department, by name
FREE: Final = ("Available", "AvailableIdle")
BUSY: Final = ("Busy", "BusyIdle", "DoNotDisturb", "Offline")


def of(call: Call, people: QuerySet[Person]) -> list[Person]:
    """Return who of `people` works in the same department as whom the newest transfer of `call` was to.

    Those who are free come first, then those of whom nothing is known, then the others. Whoever the call was
    transferred to before is left out. What is not known of them is read from now on, for whoever asks again.
    """
    tried = _tried(call.pk)
    last = people.filter(oid=tried[-1], tenant_id=call.tenant_id).first() if tried else None
    if last is None or not last.department:
        return []
    colleagues = people.filter(tenant_id=call.tenant_id, department=last.department).exclude(oid__in=tried)
    first = colleagues.order_by("name", "pk").values("pk")[:LOOKED_AT]
    found = presence.look(people.filter(pk__in=list(first.values_list("pk", flat=True))))
    return sorted(found, key=lambda one: (_rank(one), one.name, one.pk))[:MOST]


def _tried(call_id: UUID) -> list[str]:
    transfers = Operation.objects.filter(call_id=call_id, kind=Operation.Kind.TRANSFER).order_by(
        "created_at", "id"
    )
    targets = (row.parameters["targets"][0] for row in transfers)
    return [one["id"] for one in targets if one["kind"] in ("user", "voicemail")]


def _rank(person: Person) -> int:
    known = presence.known(person)
    if known is None or known.availability == presence.UNKNOWN:
        return 1
    if known.is_out_of_office or known.availability in BUSY:
        return 3
    return 0 if known.availability in FREE else 2
