"""A production must not stand on what a demo left: its folder, its application, its sign-ins."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from demo.contoso import contoso
from directory.models import User


@register(Tags.security, deploy=True)
def production_is_no_demo(**kwargs: Any) -> list[CheckMessage]:
    """Refuse, in production, each thing by its name."""
    if settings.DEPLOYMENT != "production":
        return []
    found: list[CheckMessage] = []
    if (settings.DATA_DIR / "demo-password").exists():
        found.append(Error("DATA_DIR is the folder of a demo: use another.", id="demo.E001"))
    if contoso()["client_id"] == settings.GRAPH_CLIENT_ID:
        found.append(Error("GRAPH_CLIENT_ID is the demo's application.", id="demo.E002"))
    if demo_users_exist():
        found.append(Error("The database holds a demo's sign-ins (DATABASE_URL): use another.", id="demo.E003"))
    return found


def demo_users_exist() -> bool:
    """Tell whether the database holds sign-ins of Contoso; one that does not answer yet holds none."""
    try:
        return User.objects.filter(tenant_id=contoso()["tenant_id"]).exists()
    except DatabaseError:
        return False
