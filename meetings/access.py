"""Who asks for a page of meetings, and whether they may."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from directory.models import User


def may(request: HttpRequest, right: str) -> User:
    """Return who asks.

    :raises PermissionDenied: they lack the right.
    """
    if not isinstance(request.user, User) or right not in request.user.rights:
        raise PermissionDenied
    return request.user
