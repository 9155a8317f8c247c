"""The words of invitations, by language. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Phrases:
    """What a mail says; `{}` stands for the subject or for who holds the meeting."""

    invited: str
    changed: str
    cancelled: str
    invites: str
    changes: str
    cancels: str
    subject: str
    when: str
    organizer: str
    reason: str
    join: str
    phone: str
    conference: str
    add: str
    remove: str
    day: str  # formats of Django's `date`
    time: str
    until: str
    dates: str
    dates_of: str
    left_out: str
    moved: str
    for_you: str


ENGLISH: Final = Phrases(
    invited="Invitation: {}",
    changed="Changed: {}",
    cancelled="Cancelled: {}",
    invites="{} invites you to an online meeting.",
    changes="{} has changed an online meeting to which you are invited.",
    cancels="This online meeting of {} does not take place, or you are no longer invited.",
    subject="Subject",
    when="When",
    organizer="Organiser",
    reason="Reason",
    join="Join",
    phone="Dial in",
    conference="conference {}",
    add="Open the attached file to put the meeting on your calendar.",
    remove="Open the attached file to take the meeting off your calendar.",
    day="l j F Y",
    time="H:i",
    until="to",
    dates="Dates",
    dates_of="{first} to {last}, {count} dates",
    left_out="Not on",
    moved="At another time",
    for_you="Next, in your time",
)
GERMAN: Final = Phrases(
    invited="Einladung: {}",
    changed="Geändert: {}",
    cancelled="Abgesagt: {}",
    invites="{} lädt Sie zu einer Online-Besprechung ein.",
    changes="{} hat eine Online-Besprechung geändert, zu der Sie eingeladen sind.",
    cancels="Diese Online-Besprechung von {} findet nicht statt, oder Sie sind nicht mehr eingeladen.",
    subject="Betreff",
    when="Wann",
    organizer="Veranstalter",
    reason="Grund",
    join="Teilnehmen",
    phone="Einwahl",
    conference="Konferenz {}",
    add="Öffnen Sie die angehängte Datei, um die Besprechung in Ihren Kalender einzutragen.",
    remove="Öffnen Sie die angehängte Datei, um die Besprechung aus Ihrem Kalender zu entfernen.",
    day="l, j. F Y",
    time="H:i",
    until="bis",
    dates="Termine",
    dates_of="{first} bis {last}, {count} Termine",
    left_out="Nicht am",
    moved="Zu anderer Zeit",
    for_you="Als Nächstes, in Ihrer Zeit",
)
LANGUAGES: Final = {"en": ENGLISH, "de": GERMAN}
USUAL: Final = "en"


def language_of(tag: str) -> str:
    """Return which of our languages a tag such as `de-AT` asks for; English for what we do not have."""
    named = tag.replace("_", "-").partition("-")[0].casefold()
    return named if named in LANGUAGES else USUAL
