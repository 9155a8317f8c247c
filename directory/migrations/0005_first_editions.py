"""Give each tenant whose people are known an edition, so that they are found."""

import uuid
from typing import Any

from django.db import migrations


def stamp(apps: Any, schema_editor: Any) -> None:
    people = (
        apps.get_model("directory", "Person").objects.order_by().values_list("tenant_id", flat=True).distinct()
    )
    editions = apps.get_model("directory", "Edition").objects
    for tenant in people:
        editions.get_or_create(pk=tenant, defaults={"stamp": uuid.uuid4()})


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_skills_and_editions")]

    operations = [migrations.RunPython(stamp, migrations.RunPython.noop)]
