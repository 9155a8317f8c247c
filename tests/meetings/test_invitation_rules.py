"""What each version of a meeting means for each who is invited: told once, told anew, told that it is over."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.rules.invitations import Content, Guest, Letter, Outcome, Told, decide
from meetings.rules.phrases import LANGUAGES, language_of

BEGINS = datetime(2026, 3, 28, 9, tzinfo=UTC)
CONTENT = Content("Follow-up", BEGINS, BEGINS + timedelta(hours=1), "Europe/Berlin", "https://teams.example/1")
ANN, BOB = Guest("ann@fabrikam.example", "Ann"), Guest("bob@fabrikam.example")


def told(letter: Letter, number: int, *, state: str = "sent", asked: bool = True) -> Told:
    return Told(number, letter.guest, letter.kind, letter.sequence, letter.content, state, asked)


def first(*guests: Guest) -> list[Told]:
    """Return the letters of the first version, all of which arrived."""
    return [told(letter, n) for n, letter in enumerate(decide(CONTENT, guests, [], 1).letters)]


def kinds(letters: tuple[Letter, ...]) -> dict[str, tuple[str, int]]:
    return {one.guest.address: (one.kind, one.sequence) for one in letters}


def test_a_new_meeting_invites_everybody_once() -> None:
    twice = Guest("ANN@fabrikam.example")
    found = decide(CONTENT, [ANN, twice, BOB], [], 1)
    assert kinds(found.letters) == {ANN.address: ("request", 1), BOB.address: ("request", 1)}
    assert decide(CONTENT, [ANN, BOB], first(ANN, BOB), 2).letters == ()


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Other"},
        {"starts_at": BEGINS - timedelta(hours=1)},
        {"ends_at": BEGINS + timedelta(hours=2)},
        {"zone": "Europe/Dublin"},
        {"join_url": "https://teams.example/2"},
        {"phone": "+14255550100"},
        {"conference_id": "78"},
    ],
)
def test_what_people_come_by_is_told_anew(change: dict[str, object]) -> None:
    found = decide(replace(CONTENT, **change), [ANN], first(ANN), 3)  # type: ignore[arg-type]
    assert kinds(found.letters) == {ANN.address: ("request", 3)}


def test_what_the_directory_says_of_the_organiser_is_no_news() -> None:
    renamed = replace(CONTENT, organizer="Dana Lee-Smith", organizer_address="dana@contoso.example")
    assert decide(renamed, [ANN], first(ANN), 2).letters == ()


def test_only_those_are_told_whom_it_concerns_when_others_come_and_go() -> None:
    found = decide(CONTENT, [BOB], first(ANN), 2)
    assert kinds(found.letters) == {ANN.address: ("cancel", 2), BOB.address: ("request", 2)}


def test_a_cancellation_says_what_they_know_and_not_what_came_later() -> None:
    later = replace(CONTENT, subject="Without Ann")
    (letter,) = (one for one in decide(later, [BOB], first(ANN, BOB), 2).letters if one.kind == "cancel")
    assert letter.content == CONTENT and letter.guest == ANN


def test_a_cancelled_meeting_is_cancelled_for_everybody_who_may_have_heard_of_it() -> None:
    rows = first(ANN, BOB)
    unheard = replace(rows[1], state="waiting", asked=False)
    perhaps = replace(rows[1], state="waiting", asked=True)
    assert kinds(decide(None, [], [rows[0], unheard], 2).letters) == {ANN.address: ("cancel", 2)}
    assert decide(None, [], [rows[0], unheard], 2).dropped == (unheard.id,)
    assert kinds(decide(None, [], [perhaps], 2).letters) == {BOB.address: ("cancel", 2)}
    overtaken = replace(rows[1], state="dropped", asked=True)
    assert kinds(decide(None, [], [overtaken], 2).letters) == {BOB.address: ("cancel", 2)}


def test_a_cancellation_that_waits_stays_and_is_not_made_twice() -> None:
    rows = first(ANN)
    cancel = told(decide(None, [], rows, 2).letters[0], 7, state="waiting", asked=False)
    assert decide(None, [], [*rows, cancel], 3) == Outcome((), ())
    again = decide(CONTENT, [ANN], [*rows, cancel], 3)
    assert kinds(again.letters) == {ANN.address: ("request", 3)} and again.dropped == (7,)


@dataclass
class Inbox:
    """What somebody's calendar shows, as letters arrive in any order."""

    sequence: int = -1
    shows: Content | None = None

    def take(self, one: Told) -> None:
        """Keep what is newer than what is there (RFC 5546, 2.1.5)."""
        if one.sequence > self.sequence:
            self.sequence, self.shows = one.sequence, one.content if one.kind == "request" else None


STEPS = st.lists(
    st.tuples(
        st.sampled_from([CONTENT, replace(CONTENT, subject="B"), replace(CONTENT, subject="C")]),
        st.sets(st.sampled_from([ANN, BOB, Guest("cy@fabrikam.example")]), max_size=3),
        st.lists(
            st.sampled_from(["arrives", "is lost on the way", "waits", "arrives unnoticed"]),
            min_size=9,
            max_size=9,
        ),
    ),
    min_size=1,
    max_size=7,
)


@given(STEPS, st.booleans())
def test_every_calendar_shows_in_the_end_what_holds(
    steps: list[tuple[Content, set[Guest], list[str]]], is_cancelled: bool
) -> None:
    rows: list[Told] = []
    inboxes: dict[str, Inbox] = {}
    plans: list[tuple[Content | None, list[Guest], list[str]]] = [
        (content, sorted(guests, key=lambda one: one.key), fates) for content, guests, fates in steps
    ]
    plans += [(None, [], [])] if is_cancelled else []
    for version, (content, guests, fates) in enumerate(plans, start=1):
        before = {row.guest.key: row.sequence for row in rows}
        found = decide(content, guests, rows, version)
        assert all(letter.sequence > before.get(letter.guest.key, -1) for letter in found.letters)
        rows = [replace(row, state="dropped") if row.id in found.dropped else row for row in rows]
        new = (
            told(letter, 100 * version + n, state="waiting", asked=False) for n, letter in enumerate(found.letters)
        )
        rows = deliver([*rows, *new], fates if version < len(plans) else ["arrives"] * 9, inboxes)
        assert decide(content, guests, rows, version + 1).letters == ()
    content, guests, _ = plans[-1]
    assert {key for key, one in inboxes.items() if one.shows} == {one.key for one in guests}
    assert all(one.shows in (None, content) for one in inboxes.values())


def deliver(rows: list[Told], fates: list[str], inboxes: dict[str, Inbox]) -> list[Told]:
    """Have what waits meet its fate, and return what is known of it afterwards."""
    after = []
    for place, row in enumerate(rows):
        fate = fates[place % 9] if row.state == "waiting" else "waits"
        if fate.startswith("arrives"):
            inboxes.setdefault(row.guest.key, Inbox()).take(row)
        known = row if fate == "waits" else replace(row, asked=True)
        after.append(replace(known, state="sent") if fate == "arrives" else known)
    return after


def test_content_is_read_as_it_was_written() -> None:
    assert Content.read(CONTENT.plain()) == CONTENT


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de-AT", "de"), ("DE", "de"), ("de_CH", "de"), ("en-US", "en"), ("fi", "en"), ("", "en")],
)
def test_a_language_that_we_do_not_have_is_english(tag: str, language: str) -> None:
    assert language_of(tag) == language and language in LANGUAGES
