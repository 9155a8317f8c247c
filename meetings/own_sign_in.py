"""An organiser holds their own meeting by their own sign-in, where no access policy lets the portal do it.

Asked at once, in the request of the session that keeps the refresh token, and under the meeting's lease as the
worker would: by the same external id, so that nothing is made twice. Whatever goes wrong, the worker goes on.
"""

import logging
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from uuid import UUID, uuid4

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.core.exceptions import PermissionDenied
from django.db import transaction

from audit.trail import Event, append
from commsportal import pauses
from commsportal.clock import now
from commsportal.errors import PortalError
from commsportal.pauses import Urgency
from directory import microsoft, refresh_tokens
from directory.models import User
from directory.roles import SCHEDULE
from graph import delegated
from graph.errors import GraphError
from meetings import failures, sending
from meetings.errors import IsOver, MeetingNotFound, NothingToDo, Undecided
from meetings.models import OnlineMeeting

Offer = Literal["hold", "sign_in", ""]
LEAVE_SECONDS: Final = 4.0  # with one exchange (`delegated.WHOLE_SECONDS`) less than the lease, and than a key's
SIGN_IN_AGAIN: Final = "Sign in with Microsoft, here and now, to hold it with your own sign-in."

logger = logging.getLogger(__name__)


class NotYourOwn(PortalError):
    """Nobody lends their sign-in to somebody else's meetings."""

    status = 403
    code = "not_your_own"
    title = "Not your own meeting"


class NoOwnSignIn(PortalError):
    """The session has nothing by which the portal might act in the person's own name."""

    code = "no_own_sign_in"
    title = "You have not signed in with Microsoft"


class Underway(PortalError):
    """Somebody else brings the meeting to Microsoft at this moment."""

    code = "under_way"


class NotHeld(PortalError):
    """Microsoft did not do it in the person's own name either."""

    code = "not_held"


def offer(user: User, session: SessionBase, meeting: OnlineMeeting) -> Offer:
    """Return what the page offers to the organiser: to hold it by their own sign-in, or to sign in first."""
    has_reason = meeting.sent < meeting.version and meeting.error_title.startswith(failures.NO_POLICY)
    if not has_reason or meeting.on_calendar or not _is_organizer(user, meeting) or SCHEDULE not in user.rights:
        return ""
    if refresh_tokens.of(session, user):
        return "hold"
    return "sign_in" if refresh_tokens.are_kept() and microsoft.is_offered() else ""


def hold(user: User, session: SessionBase, meeting_id: UUID) -> OnlineMeeting:
    """Bring a meeting of the person's own to Microsoft at once, by the token that their session keeps.

    :raises NotYourOwn: somebody else organises it.
    :raises NoOwnSignIn: they have not signed in with Microsoft, or Microsoft wants them to do it again.
    :raises NothingToDo: the application may do it, or has done it.
    :raises NotHeld: Microsoft did not do it; the worker goes on.
    """
    if SCHEDULE not in user.rights:
        raise PermissionDenied
    meeting, due_at = _claimed(user, session, meeting_id)
    try:
        sending.bring(_graph(user, session), meeting, LEAVE_SECONDS)
    except (delegated.SignInOver, UpdateError) as error:
        _give_back(meeting, due_at)
        _forget(session)
        raise NoOwnSignIn(SIGN_IN_AGAIN) from error
    except GraphError as error:
        logger.warning("meeting %s was not held by its organiser's own sign-in: %s", meeting.pk, error)
        _give_back(meeting, due_at)
        failure = failures.of(error, meeting.organizer)
        raise NotHeld(f"{failure.title}. {failure.detail}") from error
    meeting.refresh_from_db()
    return meeting


@transaction.atomic
def _claimed(user: User, session: SessionBase, meeting_id: UUID) -> tuple[OnlineMeeting, datetime | None]:
    """Lease the meeting, on record; return it with when it would have been due.

    Until it is settled it is due as soon as the lease has run out: should this process die, the worker goes on.
    """
    rows = OnlineMeeting.objects.changeable_by(user).select_related("organizer")
    found = rows.select_for_update(of=("self",)).filter(pk=meeting_id).first()
    if found is None:
        raise MeetingNotFound
    meeting = cast(OnlineMeeting, found)
    _check(user, session, meeting)
    due_at, meeting.due_at, meeting.lease = meeting.due_at, now(), uuid4()
    meeting.lease_until = now() + timedelta(seconds=sending.LEASE_SECONDS)
    meeting.save(update_fields=["due_at", "lease", "lease_until"])
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid, "version": meeting.version}
    append([Event("meeting.own_sign_in", user.username, meeting.organizer.tenant_id, data=about)])
    return meeting, due_at


def _check(user: User, session: SessionBase, meeting: OnlineMeeting) -> None:
    if not _is_organizer(user, meeting):
        raise NotYourOwn(f"{meeting.organizer.name} organises it: only they can hold it with their own sign-in.")
    if meeting.sent == meeting.version or not meeting.error_title.startswith(failures.NO_POLICY):
        raise NothingToDo("No missing policy keeps the portal from holding this meeting.")
    if meeting.on_calendar:
        raise NothingToDo("An event of a calendar is made by the application alone.")
    if meeting.theirs is not None:
        raise Undecided("It was changed in Teams meanwhile. Decide first which of the two holds.")
    if not refresh_tokens.of(session, user):
        raise NoOwnSignIn(SIGN_IN_AGAIN)
    if not meeting.is_cancelled and not meeting.graph_id and meeting.over_at <= now():
        raise IsOver("It was over before Microsoft had it.")
    is_leased = meeting.lease_until is not None and meeting.lease_until > now()
    if is_leased or pauses.over_at(meeting.organizer.tenant_id, Urgency.CREATE):
        raise Underway("Microsoft is being asked already, or takes nothing more for now. Try again in a moment.")


def _is_organizer(user: User, meeting: OnlineMeeting) -> bool:
    theirs = (meeting.organizer.tenant_id.lower(), meeting.organizer.oid.lower())
    return all(theirs) and theirs == (user.tenant_id.lower(), user.oid.lower())


def _graph(user: User, session: SessionBase) -> delegated.DelegatedClient:
    token = refresh_tokens.of(session, user)
    return delegated.client(
        user.tenant_id, user.oid, token, lambda fresh: refresh_tokens.keep(session, user, fresh)
    )


def _give_back(meeting: OnlineMeeting, due_at: datetime | None) -> None:
    """Leave the meeting to the worker as it was before; what was changed meanwhile is brought at once."""
    is_as_left = OnlineMeeting.objects.filter(pk=meeting.pk, version=meeting.version, due_at=meeting.due_at)
    meeting.settle_lease(due_at=due_at if is_as_left.exists() else now())


def _forget(session: SessionBase) -> None:
    try:
        refresh_tokens.forget(session)
    except UpdateError:  # it ended meanwhile, and the token with it
        logger.info("a session ended while it was to forget its token")
