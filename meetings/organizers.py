"""Those in whose names meetings are held are called as the directory has them."""

from typing import Any

from django.db import transaction

from audit.trail import Event, append
from directory.models import Person
from meetings.models import Organizer


def rename(tenant_id: str, **kwargs: Any) -> None:
    """Take over what the directory calls the organisers of a tenant now; each new name is on record."""
    organizers = Organizer.objects.filter(tenant_id=tenant_id)
    people = Person.objects.filter(tenant_id=tenant_id, oid__in=organizers.values("oid"))
    names = dict(people.values_list("oid", "name"))
    for one in organizers:
        name = names.get(one.oid, one.name)
        if name != one.name:
            _rename(one, name)


@transaction.atomic
def _rename(organizer: Organizer, name: str) -> None:
    before, organizer.name = organizer.name, name
    organizer.save(update_fields=["name"])
    changes = {"name": [before, name]}
    append([Event("organizer.renamed", tenant_id=organizer.tenant_id, data={"oid": organizer.oid, **changes})])
