"""What every template knows."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the simulator's address, if the portal is tied to one, and what the person may do and enter."""
    user = getattr(request, "user", None)
    return {
        "simulator_url": settings.SIMULATOR_URL,
        "rights": getattr(user, "rights", frozenset()),
        "may_enter_admin": user is not None and admin.site.has_permission(request),
    }
