"""Write the mails by which people are invited: text, HTML and a calendar, in their language."""

from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from meetings import ics, letter_facts
from meetings.models_invitations import Invitation
from meetings.rules.invitations import Content
from meetings.rules.phrases import LANGUAGES, Phrases, language_of
from meetings.rules.plan import is_address, one_line

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
    facts = letter_facts.facts(content, language, invitation.zone)
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
