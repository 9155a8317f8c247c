"""Who asks for a page of meetings, whether they may, and which meeting it is about."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from directory.models import User
from meetings.models import OnlineMeeting


def may(request: HttpRequest, right: str) -> User:
    """Return who asks.

    :raises PermissionDenied: they lack the right.
    """
    if not isinstance(request.user, User) or right not in request.user.rights:
        raise PermissionDenied
    return request.user


def found(rows: QuerySet[OnlineMeeting], meeting_id: UUID) -> OnlineMeeting:
    """Return one of `rows` with all that pages show of it.

    :raises Http404: there is none.
    """
    people = rows.select_related("organizer", "created_by", "template").prefetch_related("attendees")
    return get_object_or_404(people, pk=meeting_id)
