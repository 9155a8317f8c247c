"""Why Microsoft does not have a meeting as it is wanted, and what somebody can do about it."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from graph import errors
from meetings import events
from meetings.models import Organizer


@dataclass(frozen=True, slots=True)
class Failure:
    """What is shown: a title, a sentence with the remedy, and Microsoft's code."""

    title: str
    detail: str
    code: str = ""


OURS: Final = Failure(
    "The portal failed on this meeting",
    "Its log has the error. It is tried again by itself; tell an administrator if it stays.",
    "portal_failed",
)
BUSY: Final = "Microsoft takes no more requests at the moment"
CROWDED: Final = Failure("The portal is asking for others at the moment", "Ask again in a moment.", "crowded")
NO_POLICY: Final = "The portal may not act in the name of "
TOO_LATE: Final = Failure(
    "It was over before Microsoft had it", "Change its time, or cancel it and schedule another one.", "too_late"
)


def of(error: errors.GraphError, organizer: Organizer) -> Failure:
    """Return what an error means for the meetings of an organiser."""
    return _failure(error, *_words(error, organizer))


def of_attendance(error: errors.GraphError, organizer: Organizer) -> Failure:
    """Return what an error means for reading who was in a meeting."""
    if isinstance(error, errors.NotFound):
        return _failure(
            error, "The meeting is gone from Teams", "Its reports went with it. What was read before stays here."
        )
    if type(error) is errors.Refused:
        return _failure(error, "Microsoft does not tell who was there", "Fetch it again later.")
    return of(error, organizer)


def of_calendars(error: errors.GraphError, organizer: Organizer) -> Failure:
    """Return what an error means for reading when people have time."""
    return _failure(error, *_words_of_calendars(error, organizer))


def held_back(seconds: float) -> Failure:
    """Return why nothing is read while Microsoft has the portal wait."""
    return Failure(BUSY, f"It can be asked again in {max(ceil(seconds), 1)} s.", "held_back")


def _words_of_calendars(error: errors.GraphError, organizer: Organizer) -> tuple[str, str]:
    if isinstance(error, errors.Forbidden):
        return "Microsoft does not let the portal read calendars", (
            f"The application needs {error.permission or 'Calendars.Read'} in tenant {organizer.tenant_id}: an "
            "administrator adds this application permission to the app registration and grants consent. If it has "
            f"that, a policy of Exchange keeps it out of the mailbox of {organizer.name}."
        )
    if isinstance(error, errors.NotFound):
        return f"{organizer.name} has no mailbox", (
            "Calendars are read by way of the organiser's mailbox. Give them one, or name another organiser."
        )
    if isinstance(error, errors.Throttled):
        return BUSY, f"It can be asked again in {max(ceil(error.retry_after or 1), 1)} s."
    if isinstance(error, errors.Unauthorized) or error.code in errors.PERMANENT_LOGIN_CODES:
        return _words(error, organizer)
    return "Microsoft did not tell who has time", "Ask again in a moment."


def _failure(error: errors.GraphError, title: str, remedy: str) -> Failure:
    said = error.message if error.status is None else f"Microsoft says: {error.message.rstrip('.')}."
    request = f"Request id {error.request_id}." if error.request_id else ""
    code = (error.code or str(error.status or ""))[:100]
    return Failure(title[:200], " ".join(filter(None, (remedy, said, request))), code)


def _words(error: errors.GraphError, organizer: Organizer) -> tuple[str, str]:
    tenant = organizer.tenant_id
    if isinstance(error, errors.AccessPolicyMissing):
        return f"{NO_POLICY}{organizer.name}", error.remedy
    if isinstance(error, errors.Forbidden):
        needed = error.permission or "its permissions"
        return "Microsoft does not permit this", (
            f"The application lacks {needed} in tenant {tenant}: an administrator adds it to the app registration "
            "and grants consent. It is tried again every 30 minutes."
        )
    if isinstance(error, errors.NotFound):
        return "The meeting is gone from Teams", (
            "Somebody has deleted it there, or its organiser is gone. Cancel it and schedule another one."
        )
    if isinstance(error, errors.Throttled):
        return BUSY, "It is tried again by itself."
    if isinstance(error, errors.Unauthorized):
        return "Microsoft does not accept the portal's credentials", (
            f"Check client secret or certificate of the application in tenant {tenant}, then try again."
        )
    if error.code == events.NO_MEETING:
        return "Its online meeting is gone", (
            "Somebody has taken it out of the event in Outlook. Cancel the meeting and schedule another one."
        )
    if error.code == events.IS_SERIES:
        return "It is a series in Outlook", "End the repetition there and try again, or cancel the meeting."
    if isinstance(error, errors.Refused):
        title = "Microsoft refused" if error.status is not None else "The portal cannot ask this of Microsoft"
        return title, "Change the meeting, or try again."
    if error.code == events.AWAITS_LINK:
        return "Teams is still making the link", "It is looked for again by itself."
    if error.code in errors.PERMANENT_LOGIN_CODES:
        return "Microsoft does not accept the portal's credentials", (
            f"Check client secret or certificate of the application in tenant {tenant}."
        )
    return "Microsoft could not be asked", "It is tried again by itself."
