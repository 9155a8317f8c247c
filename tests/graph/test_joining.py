"""Meetings are found by whatever people paste (REFERENCE 3.2)."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import Refused
from graph.joining import Coordinates, MeetingToken, NumberedMeeting, OrganizedMeeting, parse_join_url
from simulator import schema

THREAD = "19:meeting_Q29uc3VsdGF0aW9u@thread.v2"
TENANT = "b3f1c7de-0f5c-4c0e-9d2a-5a4d2f7c8e10"
ADA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"


def link(thread: str = THREAD, message: str = "0", **context: str) -> str:
    text = json.dumps({"Tid": TENANT, "Oid": ADA} | context)
    host = "https://teams.microsoft.com"
    return f"{host}/l/meetup-join/{quote(thread, safe='')}/{message}?context={quote(text, safe='')}"


MEETING = OrganizedMeeting(ADA, THREAD, TENANT)
SHORT = "https://teams.microsoft.com/meet/2512345678901?p=Xy7PqR"
READABLE = {
    "as copied": (link(), MEETING),
    "with blanks around it": (f"  {link()}\n", MEETING),
    "in the brackets of a mail": (f"<{link()}>", MEETING),
    "not encoded": (
        f'https://teams.microsoft.com/l/meetup-join/{THREAD}/0?context={{"Tid":"{TENANT}","Oid":"{ADA}"}}',
        MEETING,
    ),
    "encoded twice": (
        "https://teams.microsoft.com/l/meetup-join/" + link().partition("/meetup-join/")[2].replace("%", "%25"),
        MEETING,
    ),
    "without a message": (link().replace("/0?", "?"), MEETING),
    "in another case": (link(Tid=TENANT.upper(), Oid=ADA.upper()), MEETING),
    "of another cloud": (link().replace("teams.microsoft.com", "gov.teams.microsoft.us"), MEETING),
    "with more in it": (link() + "&anon=true", MEETING),
    "of a channel": (
        link("19:f1b2c3@thread.tacv2", "1700000000123", MessageId="1700000000042"),
        OrganizedMeeting(ADA, "19:f1b2c3@thread.tacv2", TENANT, "1700000000123", "1700000000042"),
    ),
    "wrapped by a mail filter": (
        f"https://eur02.safelinks.protection.outlook.com/?url={quote(link(), safe='')}&data=05",
        MEETING,
    ),
    "short": (SHORT, NumberedMeeting("2512345678901", "Xy7PqR")),
    "short, without a passcode": (SHORT.partition("?")[0] + "/", NumberedMeeting("2512345678901")),
}
UNREADABLE = [
    "",
    "   ",
    "Consultation with Ada",
    "https://teams.microsoft.com/",
    "https://teams.microsoft.com/l/team/19%3aabc",
    "http://teams.microsoft.com/meet/2512345678901",
    "https://teams.microsoft.com.example/meet/2512345678901",
    "https://teams.microsoft.com@example.com/meet/2512345678901",
    "https://zoom.example/j/2512345678901",
    "https://teams.microsoft.com/meet/abc",
    "https://[::1/meet/2512345678901",
    link().partition("?")[0],
    link()[:-20],
    link(thread="meeting"),
    link(Oid="ada"),
    link(Tid=""),
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting/0?context=" + "[" * 3000,
    "https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.com",
    "https://eur02.safelinks.protection.outlook.com/",
    link() + "x" * 5000,
]


@pytest.mark.parametrize("form", READABLE)
def test_a_link_is_read_in_every_form_it_is_pasted_in(form: str) -> None:
    pasted, meeting = READABLE[form]
    assert parse_join_url(pasted) == meeting


@pytest.mark.parametrize("pasted", UNREADABLE)
def test_what_is_no_link_to_a_meeting_is_refused_with_what_to_do(pasted: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_join_url(pasted)
    assert caught.value.code == "InvalidJoinUrl"
    assert "meeting id and the passcode" in caught.value.message


@given(st.text() | st.text().map(lambda tail: f"https://teams.microsoft.com/l/meetup-join/{tail}"))
def test_whatever_is_pasted_is_read_or_refused(pasted: str) -> None:
    try:
        found = parse_join_url(pasted)
    except Refused:
        return
    assert isinstance(found, OrganizedMeeting | NumberedMeeting)


@given(st.text(st.characters(codec="utf-8", exclude_characters=" /?#", exclude_categories=["Z", "C"]), min_size=1))
def test_a_thread_is_read_as_it_was_encoded(name: str) -> None:
    thread = f"19:{name}"[:200]
    found = parse_join_url(link(thread))
    assert found == OrganizedMeeting(ADA, thread, TENANT)


COORDINATES: list[Coordinates] = [
    MEETING,
    OrganizedMeeting(ADA, THREAD, message_id="17", reply_chain_message_id="16"),
    MeetingToken("opaque"),
    NumberedMeeting("2512345678901", "Xy7PqR"),
    NumberedMeeting("2512345678901"),
]


@pytest.mark.parametrize("meeting", COORDINATES)
def test_coordinates_are_written_as_graph_declares_them(meeting: Coordinates) -> None:
    written = meeting.to_graph()
    schema.require("meetingInfo", written["meetingInfo"])
    assert ("chatInfo" in written) == isinstance(meeting, OrganizedMeeting)
    if "chatInfo" in written:
        schema.require("chatInfo", written["chatInfo"])


def test_a_meeting_without_a_passcode_says_so() -> None:
    assert NumberedMeeting("1").to_graph()["meetingInfo"]["passcode"] is None
