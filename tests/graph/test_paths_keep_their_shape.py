"""Ids from payloads cannot bend a path (O3)."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from graph.errors import Refused
from graph.paths import path

BASE = "https://graph.example/v1.0"
GUID = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"


def asked(template: str, **ids: str) -> list[str]:
    """Return host and segments as they would go over the wire, after all that the HTTP library does to them."""
    url = requests.Request("GET", BASE + path(template, ids)).prepare().url
    parts = urlsplit(url or "")
    assert parts.query == parts.fragment == ""
    return [parts.netloc, *parts.path.split("/")[1:]]


@pytest.mark.control("O3")
@given(st.text(max_size=300))
@example("..")
@example(".")
@example("%2e%2e")
@example("../me")
@example("a/b")
@example("a?b#c")
@example("//evil.example/")
@example("rita\\..\\max")
@example("\x00")
@example("\u2028")
@example("")
@example("eve_x.com#EXT#@contoso.example")
def test_any_user_is_one_segment_or_refused(user: str) -> None:
    try:
        segments = asked("/users/{user}", user=user)
    except Refused:
        return
    assert segments[:3] == ["graph.example", "v1.0", "users"]
    assert len(segments) == 4
    assert unquote(segments[3]) == user


@pytest.mark.control("O3")
@given(st.one_of(st.text(max_size=60), st.uuids().map(str), st.uuids().map(lambda value: value.hex.upper())))
@example("../../me")
@example("2e1a0b00-2db4-4022-9570-243709c565ab/answer")
@example("2e1a0b00-2db4-4022-9570-243709c565ab\n")
def test_any_call_is_a_guid_or_refused(call: str) -> None:
    try:
        segments = asked("/communications/calls/{call}/answer", call=call)
    except Refused:
        return
    assert len(call.replace("-", "")) == 32
    assert segments == ["graph.example", "v1.0", "communications", "calls", call, "answer"]


@pytest.mark.control("O3")
@given(st.text(max_size=300), st.text(max_size=300))
@example("MSo1N2Y5ZGFjYy03MWJmLTQ3+NDMtYjQ/xMy01M2==", "c9b6db1c-d5eb-427d-a5c0-20088d9b22d7")
@example("112f7296-5fa4-42ca-bae8-6a692b15d4b8_19:meeting_x@thread.v2", "..")
@example("../../communications/calls", "x")
def test_any_meeting_and_report_is_one_segment_or_refused(meeting: str, report: str) -> None:
    template = "/users/{organizer}/onlineMeetings/{meeting}/attendanceReports/{report}"
    try:
        segments = asked(template, organizer=GUID, meeting=meeting, report=report)
    except Refused:
        return
    assert segments[:5] == ["graph.example", "v1.0", "users", GUID, "onlineMeetings"]
    assert [unquote(segment) for segment in segments[5:]] == [meeting, "attendanceReports", report]


@pytest.mark.parametrize("call", ["57DAB8B1894C409AB240BD8BEAE78896", "57dab8b1-894c-409a-b240-bd8beae78896"])
def test_both_spellings_of_a_call_id_are_sent_as_they_are(call: str) -> None:
    assert asked("/communications/calls/{call}", call=call)[-1] == call
