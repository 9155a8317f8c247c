"""Write the mails by which people are invited: text, HTML and a calendar, in their language."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateformat import format as formatted

from meetings import ics
from meetings.models_invitations import Invitation
from meetings.rules.invitations import Content
from meetings.rules.phrases import LANGUAGES, Phrases, language_of
from meetings.rules.plan import is_address, one_line, zone_of

FILE: Final = "invite.ics"


def are_sent() -> bool:
    """Tell whether people are invited by mail at all."""
    return bool(settings.MAIL_FROM)


def message(invitation: Invitation) -> EmailMultiAlternatives:
    """Return the mail: from one address that never varies, to one address, the same bytes each time it is tried.

    :raises ValueError: the address is none.
    """
    if not is_address(invitation.address):
        raise ValueError("no e-mail address")
    content = Content.read(invitation.content)
    language = language_of(invitation.language)
    phrases = LANGUAGES[language]
    with translation.override(language):
        facts = _facts(content, phrases)
    subject, lead, hint = _words(invitation, content, phrases)
    link = "" if _cancels(invitation) else ics.link_of(content)
    ways = [] if _cancels(invitation) else ics.ways_in(content, phrases)
    phone = [(label, value) for label, value in ways if value != link]
    text = "\n".join([lead, "", *(f"{label}: {value}" for label, value in [*facts, *ways]), "", hint, ""])
    context = {"language": language, "subject": subject, "lead": lead, "hint": hint, "facts": [*facts, *phone]}
    made = EmailMultiAlternatives(
        subject,
        text,
        settings.MAIL_FROM,
        [invitation.address],
        headers=_headers(invitation),
        reply_to=_reply_to(content),
    )
    made.attach_alternative(
        render_to_string("meetings/mail/letter.html", context | {"link": link, "join": phrases.join}), "text/html"
    )
    _attach(made, invitation, content, phrases)
    return made


def _attach(made: EmailMultiAlternatives, invitation: Invitation, content: Content, phrases: Phrases) -> None:
    method: ics.Method = "CANCEL" if _cancels(invitation) else "REQUEST"
    calendar = ics.calendar([occasion(invitation, content)], method, phrases, sender=settings.MAIL_FROM)
    made.attach_alternative(calendar.decode(), f"text/calendar; method={method}")
    made.attach(FILE, calendar, "application/ics")


def occasion(invitation: Invitation, content: Content) -> ics.Occasion:
    """Return what the calendar of a letter holds: of all who are invited, it names the receiver alone."""
    return ics.Occasion(
        uid=str(invitation.meeting_id),
        sequence=invitation.sequence,
        stamped_at=invitation.planned_at.replace(microsecond=0),
        content=content,
        people=[(invitation.name, invitation.address)],
        is_cancelled=_cancels(invitation),
    )


def _cancels(invitation: Invitation) -> bool:
    return invitation.kind == Invitation.Kind.CANCEL


def _words(invitation: Invitation, content: Content, phrases: Phrases) -> tuple[str, str, str]:
    """Return the mail's subject, its first sentence and what to do with the file."""
    if _cancels(invitation):
        title, lead, hint = phrases.cancelled, phrases.cancels, phrases.remove
    elif is_first(invitation):
        title, lead, hint = phrases.invited, phrases.invites, phrases.add
    else:
        title, lead, hint = phrases.changed, phrases.changes, phrases.add
    organizer = one_line(content.organizer) or settings.MAIL_FROM
    return title.format(one_line(content.subject)), lead.format(organizer), hint


def is_first(invitation: Invitation) -> bool:
    """Tell whether it invites, rather than tells what is different from before."""
    before = Invitation.objects.filter(
        meeting=invitation.meeting_id,
        address__iexact=invitation.address,
        sequence__lt=invitation.sequence,
        asked=True,
    )
    last = before.order_by("sequence", "pk").last()
    return last is None or _cancels(last)


def _facts(content: Content, phrases: Phrases) -> list[tuple[str, str]]:
    found = [
        (phrases.subject, one_line(content.subject)),
        (phrases.when, when(content, phrases)),
        (phrases.organizer, one_line(content.organizer)),
        (phrases.reason, one_line(content.reason)),
    ]
    return [(label, value) for label, value in found if value]


def when(content: Content, phrases: Phrases) -> str:
    """Return the times as clocks of the meeting's zone show them, with its name and offset."""
    zone = zone_of(content.zone)
    begins, ends = content.starts_at.astimezone(zone), content.ends_at.astimezone(zone)
    day, time = phrases.day, phrases.time
    until = formatted(ends, time if ends.date() == begins.date() else f"{day}, {time}")
    return f"{formatted(begins, f'{day}, {time}')} {phrases.until} {until} ({zone}, UTC{_offset(begins)})"


def _offset(at: datetime) -> str:
    told = at.strftime("%z")
    return f"{told[:3]}:{told[3:5]}"


def _headers(invitation: Invitation) -> dict[str, str]:
    """Return headers by which servers tell a repeated letter from a new one, and answer none by a robot."""
    host = settings.MAIL_FROM.rpartition("@")[2]
    stamp = int(invitation.planned_at.timestamp())
    return {
        "Message-ID": f"<{invitation.meeting_id}.{invitation.pk}.{stamp}@{host}>",
        "Auto-Submitted": "auto-generated",
    }


def _reply_to(content: Content) -> list[str] | None:
    address: Any = content.organizer_address
    return [address] if is_address(address) else None
