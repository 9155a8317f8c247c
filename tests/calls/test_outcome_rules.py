"""What became of a call, in our words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calls.rules.outcomes import Life, Step, outcome

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def life(*steps: Step, after: float = 5, established: bool = False, direction: str = "incoming") -> Life:
    ended = START + timedelta(seconds=after)
    return Life(direction, established, ended, START + timedelta(seconds=12), steps)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step("redirect", "done", to_self=True, accepted=True), "taken"),
        (Step("redirect", "done", accepted=True), "redirected"),
        (Step("reject", "done", accepted=True), "rejected"),
        (Step("reject", "done", by_fallback=True, accepted=True), "fallback"),
        (Step("redirect", "unknown"), ""),
        (Step("redirect", "pending"), ""),
        (Step("redirect", "failed"), "abandoned"),
        (Step("answer", "done", accepted=True), "abandoned"),
    ],
)
def test_a_decision_names_the_outcome_of_a_ring(step: Step, expected: str) -> None:
    assert outcome(life(step)) == expected


def test_a_caller_who_gives_up_in_time_is_abandoned_and_later_missed() -> None:
    assert outcome(life(after=11.9)) == "abandoned"
    assert outcome(life(after=12)) == "missed"


@pytest.mark.case(20)
def test_a_decision_that_came_too_late_is_missed() -> None:
    assert outcome(life(Step("answer", "failed"), after=14.9)) == "missed"


@pytest.mark.case(21)
def test_an_accepted_answer_without_a_conversation_is_abandoned() -> None:
    assert outcome(life(Step("answer", "failed", accepted=True), after=14)) == "abandoned"


def test_the_last_effect_counts_for_a_call_that_was_answered() -> None:
    answered = Step("answer", "done", accepted=True)
    assert outcome(life(answered, established=True)) == "answered"
    assert outcome(life(answered, Step("transfer", "done", accepted=True), established=True)) == "transferred"
    assert outcome(life(answered, Step("transfer", "failed", accepted=True), established=True)) == "answered"
    assert outcome(life(answered, Step("hang-up", "done", accepted=True), established=True)) == "hung_up"
    assert outcome(life(answered, Step("hang-up", "done"), established=True)) == "answered"


def test_a_doubt_is_hidden_by_what_worked_later_but_not_by_what_worked_before() -> None:
    answered, in_doubt = Step("answer", "done", accepted=True), Step("transfer", "unknown", accepted=True)
    assert outcome(life(answered, in_doubt, established=True)) == ""
    assert outcome(life(answered, in_doubt, Step("transfer", "done"), established=True)) == "transferred"
    assert outcome(life(answered, in_doubt, Step("hang-up", "done"), established=True)) == ""
    assert outcome(life(Step("redirect", "unknown"), Step("redirect", "done", by_fallback=True))) == "fallback"


def test_an_outgoing_call_that_nobody_took_has_failed() -> None:
    created = Step("create", "done", accepted=True)
    assert outcome(life(created, direction="outgoing")) == "failed"
    assert outcome(life(created, direction="outgoing", established=True)) == "answered"


def test_a_fallback_that_failed_leaves_a_missed_call_however_early_it_was_last_seen() -> None:
    assert outcome(life(Step("redirect", "failed", by_fallback=True), after=0)) == "missed"


def test_a_caller_who_was_led_to_nobody_got_nobody() -> None:
    answered = Step("answer", "done", accepted=True)
    waited = replace(life(answered, established=True), is_led_in_vain=True)
    assert outcome(waited) == "abandoned"
    transferred = life(answered, Step("transfer", "done", accepted=True), established=True)
    assert outcome(replace(transferred, is_led_in_vain=True)) == "transferred"


def test_a_meeting_that_its_caller_never_came_into_is_none() -> None:
    room = life(Step("join", "done", accepted=True), established=True, direction="outgoing")
    assert (outcome(room), outcome(replace(room, is_empty_meeting=True))) == ("answered", "failed")
