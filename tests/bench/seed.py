"""Make the bench's people and line: `python -m tests.bench.seed PEOPLE` prints their tokens."""

import json
import os
import sys

import django


def main(people: int) -> None:
    """Make an auditor for each token, who sees every line, and one line with a bot."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
    django.setup()
    from django.conf import settings

    from directory import tokens
    from directory.models import User
    from routing.models import Line

    made = [User.objects.create_user(f"auditor{number}", roles=["auditor"]) for number in range(people)]
    instance = "bbbbbbbb-0000-4000-8000-000000000001"
    Line.objects.create(tenant_id=settings.GRAPH_TENANT_IDS[0], name="main", instance_id=instance)
    json.dump({"tokens": [tokens.issue(user) for user in made], "instance_id": instance}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
