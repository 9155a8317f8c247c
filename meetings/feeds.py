"""Calendars of people: the secret links at which programs read them, and what these get to read."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction

from audit.trail import Event, append
from commsportal.clock import now
from commsportal.locks import without_waiting
from directory.models import Person, User
from directory.roles import SEE
from directory.tokens import SECRET_BYTES, USE_WRITTEN_EVERY, digest
from meetings import ics, outbox
from meetings.models import OnlineMeeting
from meetings.models_invitations import CalendarLink
from meetings.rules.phrases import LANGUAGES, USUAL

PREFIX: Final = "ccal_"  # by which a leaked link is recognised
BEHIND: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=180)
MOST: Final = 2000  # meetings of one calendar: those to come, the next first, then those that are over


@transaction.atomic
def issue(user: User) -> str:
    """Make a link for `user`, end the one before, put both on record and return the secret: it is not kept."""
    User.objects.select_for_update().get(pk=user.pk)
    for link in CalendarLink.objects.filter(user=user, revoked_at__isnull=True).select_related("user"):
        revoke(link, actor=user.username)
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    CalendarLink.objects.create(user=user, digest=digest(token), created_at=now())
    append([_event("calendar_link.made", user, user.username)])
    return token


@transaction.atomic
def revoke(link: CalendarLink, *, actor: str) -> bool:
    """End a link at once; False when it was ended before."""
    ended = CalendarLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=now()) == 1
    if ended:
        append([_event("calendar_link.revoked", link.user, actor)])
    return ended


def _event(kind: str, user: User, actor: str) -> Event:
    return Event(kind, actor, user.tenant_id, data={"user_id": user.pk, "username": user.username})


def link_of(token: str) -> CalendarLink | None:
    """Return the link of a secret, found by its digest: None when it is revoked, or its owner may see nothing."""
    if not token.startswith(PREFIX):
        return None
    link = CalendarLink.objects.alive().select_related("user").filter(digest=digest(token)).first()
    return link if link is not None and SEE in link.user.rights else None


def note_use(link: CalendarLink) -> None:
    """Note when a link was used last; a locked database does not hold a reader up."""
    if link.last_used_at is not None and link.last_used_at > now() - USE_WRITTEN_EVERY:
        return
    try:
        with without_waiting():
            CalendarLink.objects.filter(pk=link.pk).update(last_used_at=now())
    except DatabaseError:
        pass


def feed(user: User) -> bytes:
    """Return the meetings that `user` may see, from a month ago to half a year ahead, without who is invited."""
    at = now()
    held = OnlineMeeting.objects.visible_to(user).filter(state=OnlineMeeting.State.SCHEDULED)
    rows = held.select_related("organizer").prefetch_related("occurrences")
    meetings = list(rows.filter(over_at__gt=at, starts_at__lt=at + AHEAD).order_by("starts_at", "pk")[:MOST])
    past = rows.filter(over_at__lte=at, over_at__gt=at - BEHIND).order_by("-starts_at", "-pk")
    meetings += past[: MOST - len(meetings)]
    addresses = _addresses(meetings)
    occasions = (_occasion(one, addresses) for one in meetings)
    return ics.calendar(occasions, "PUBLISH", LANGUAGES[USUAL], sender=settings.MAIL_FROM, name="Meetings")


def one(meeting: OnlineMeeting) -> bytes:
    """Return one meeting; what is published names nobody who is invited (RFC 5546, 3.2.1)."""
    made = _occasion(meeting, _addresses([meeting]))
    return ics.calendar([made], "PUBLISH", LANGUAGES[USUAL], sender=settings.MAIL_FROM)


def _addresses(meetings: list[OnlineMeeting]) -> dict[tuple[str, str], str]:
    """Return the organisers' addresses, by tenant and object id."""
    oids = {one.organizer.oid for one in meetings}
    people = Person.objects.filter(oid__in=oids, enabled=True).values_list("tenant_id", "oid", "mail", "upn")
    return {(tenant, oid): mail or upn for tenant, oid, mail, upn in people}


def _occasion(meeting: OnlineMeeting, addresses: Mapping[tuple[str, str], str]) -> ics.Occasion:
    organizer = meeting.organizer
    return ics.Occasion(
        uid=str(meeting.pk),
        sequence=meeting.version,
        stamped_at=now().replace(microsecond=0),
        content=outbox.content_with(meeting, addresses.get((organizer.tenant_id, organizer.oid), "")),
        is_cancelled=meeting.is_cancelled,
    )
