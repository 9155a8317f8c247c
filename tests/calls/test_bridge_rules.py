"""The way of a caller into a meeting: no step too early, none twice, and always an end."""

from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.rules.bridge import STILL_HERE, Asked, Progress, next_step
from calls.rules.state import RANK

STATES = list(RANK)
ASKED = ["", "pending", "done", "failed", "unknown"]
ALL = st.builds(
    Progress,
    caller=st.sampled_from(STATES),
    room=st.sampled_from(["", *STATES]),
    desk=st.sampled_from(ASKED),
    desk_is_in=st.booleans(),
    moved=st.sampled_from(ASKED),
    caller_is_in=st.booleans(),
    hung_up=st.booleans(),
    is_late=st.booleans(),
    trouble=st.sampled_from(["", "Microsoft says: no."]),
)


def test_it_goes_one_step_after_the_other() -> None:
    here = "established"
    assert next_step(Progress("establishing")).verb == "wait"
    assert next_step(Progress(here)).verb == "open"
    assert next_step(Progress(here, "establishing")).verb == "wait"
    assert next_step(Progress(here, here)).verb == "ring"
    assert next_step(Progress(here, here, "pending")).verb == "wait"
    assert next_step(Progress(here, here, "done")).verb == "move"
    assert next_step(Progress(here, here, "done", moved="pending")).verb == "wait"
    assert next_step(Progress(here, here, "done", moved="done")).verb == "done"
    assert next_step(Progress("terminated", here, "done", moved="done")).verb == "done"


def test_whom_the_roster_shows_is_there_whatever_was_answered() -> None:
    here = "established"
    assert next_step(Progress(here, here, "unknown", desk_is_in=True)).verb == "move"
    assert next_step(Progress(here, here, "done", moved="unknown", caller_is_in=True)).verb == "done"
    assert next_step(Progress("terminated", here, "done", moved="failed", caller_is_in=True)).verb == "done"


@pytest.mark.parametrize(
    "progress",
    [
        Progress("established", "terminated", trouble="No."),
        Progress("established", "established", "failed", trouble="No."),
        Progress("established", "established", "unknown", trouble="No."),
        Progress("established", "established", "done", moved="failed", trouble="No."),
        Progress("established", "established", "done", moved="unknown", trouble="No."),
    ],
)
def test_what_fails_leaves_the_caller_with_the_bot_and_says_what_works(progress: Progress) -> None:
    step = next_step(progress)
    assert (step.verb, step.detail) == ("give up", f"No. {STILL_HERE}")


def test_a_caller_who_leaves_while_being_moved_may_have_arrived() -> None:
    assert next_step(Progress("terminated", "established", "done", moved="pending")).verb == "wait"
    assert next_step(Progress("terminated", "terminated", "done", moved="pending")).verb == "give up"
    assert next_step(Progress("terminated", "establishing")).verb == "give up"
    assert next_step(Progress("terminated", "established", "pending")).title == "The call ended first"
    assert next_step(Progress("terminated", "")).verb == "give up"


def test_whoever_is_seen_in_the_meeting_has_come_though_nobody_told() -> None:
    assert next_step(Progress("established", "established", "pending", desk_is_in=True)).verb == "move"


def test_nobody_waits_for_ever() -> None:
    assert next_step(Progress("established", "establishing", is_late=True)).verb == "give up"
    assert (
        next_step(Progress("established", "established", "done", moved="pending", is_late=True)).verb == "give up"
    )
    assert next_step(Progress("established", "established", "done", moved="done", is_late=True)).verb == "done"


@pytest.mark.parametrize("desk", ["", "pending", "done", "failed", "unknown"])
def test_a_meeting_that_is_being_hung_up_rings_and_moves_nobody(desk: Any) -> None:
    assert next_step(Progress("established", "established", desk, hung_up=True)).verb == "end"
    assert next_step(Progress("established", "establishing", desk, hung_up=True)).verb == "end"


def test_hanging_up_the_meeting_ends_a_call_that_is_not_in_it() -> None:
    assert next_step(Progress("established", "terminated", "pending", hung_up=True)).verb == "end"


@given(ALL)
def test_nobody_is_moved_into_an_empty_meeting_and_nothing_is_asked_twice(now: Progress) -> None:
    step = next_step(now)
    if step.verb in ("open", "ring", "move"):
        assert not now.hung_up and not now.is_late
    if step.verb == "open":
        assert now.room == "" and now.caller == "established"
    if step.verb == "ring":
        assert now.desk == "" and now.room == "established"
    if step.verb == "move":
        assert (
            now.moved == "" and (now.desk == "done" or now.desk_is_in) and now.room == now.caller == "established"
        )
    if step.verb in ("give up", "end"):
        assert step.title and step.detail


@given(ALL)
def test_once_both_calls_and_all_requests_are_over_it_is_over_too(now: Progress) -> None:
    is_over = now.caller == "terminated" and now.room in ("", "terminated")
    assert not is_over or next_step(now).verb in ("done", "give up")


def test_every_word_of_an_operation_is_known() -> None:
    assert set(ASKED) == {word for part in get_args(Asked) for word in (get_args(part) or [part])}
    for caller, room, desk, moved in product(STATES, ["", *STATES], ASKED, ASKED):
        assert next_step(Progress(caller, room, desk, moved=moved)).verb  # type: ignore[arg-type]
