"""A call moves forwards, ends once, and says why something cannot be asked of it."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.rules.state import (
    ALLOWED,
    PASSING,
    RANK,
    TERMINATED,
    WHAT_WORKS,
    Claim,
    Current,
    Facts,
    Reported,
    Result,
    apply,
    require,
)

FAILED = Result(500, 7000, "transfer failed")
words = st.sampled_from([*RANK, "", "ringing", "hold", "unknownFutureValue"])
changes = st.sampled_from(["created", "updated", "deleted"])
results = st.sampled_from([None, Result(200, 0), Result(0, 7015), FAILED])
notifications = st.builds(Reported, change=changes, state=words, result=results)
reads = st.builds(Reported, change=st.sampled_from(["read", "gone"]), state=words)
states = st.sampled_from(list(RANK))


def fold(start: Current, reports: Sequence[Reported]) -> Current:
    for report in reports:
        after = apply(start, report)
        ended_by = start.ended_by
        if after.change == "ended":
            ended_by = "inferred" if report.is_read else "notification"
        start = Current(after.state, "" if after.change == "reopened" else ended_by)
    return start


@pytest.mark.case(3)
@given(state=states, report=notifications)
def test_a_notification_moves_a_call_forwards_or_back_from_a_failed_transfer(state: str, report: Reported) -> None:
    after = apply(Current(state, "notification" if state == TERMINATED else ""), report)
    if after.change == "fell_back":
        assert state in ("transferring", "transferAccepted")
        assert after.state == "established"
        assert report.result == FAILED
    else:
        assert RANK[after.state] >= RANK[state]
    assert (after.state == state) == (after.change in ("nothing", "ignored"))


@pytest.mark.case(3)
@pytest.mark.control("W6")
@given(reports=st.lists(notifications, max_size=6), ended_by=st.sampled_from(["notification", "read", "inferred"]))
def test_an_end_is_final_for_notifications(reports: list[Reported], ended_by: str) -> None:
    assert fold(Current(TERMINATED, ended_by), reports) == Current(TERMINATED, ended_by)


@given(state=states, report=st.one_of(notifications, reads))
def test_the_same_report_twice_is_one_effect(state: str, report: Reported) -> None:
    once = fold(Current(state), [report])
    assert fold(once, [report]) == once


@pytest.mark.case(3)
@given(
    told=st.permutations(["incoming", "establishing", "established", "transferring", "transferAccepted"]),
    over=st.booleans(),
    at=st.integers(0, 5),
)
def test_any_order_of_a_life_without_failures_ends_in_the_same_state(told: list[str], over: bool, at: int) -> None:
    reports = [Reported("updated", word) for word in told]
    if over:
        reports.insert(at, Reported("deleted", TERMINATED))
    expected = TERMINATED if over else "transferAccepted"
    assert fold(Current(""), reports).state == expected


@pytest.mark.case(26)
@pytest.mark.parametrize("accepted_first", [True, False])
def test_the_documented_swaps_around_a_failed_transfer_end_established(accepted_first: bool) -> None:
    swapped = [Reported("updated", "transferAccepted"), Reported("updated", "")]
    reports = [
        Reported("updated", "transferring"),
        *(swapped if accepted_first else reversed(swapped)),
        Reported("updated", "established", FAILED),
    ]
    for opening in itertools.permutations(
        [Reported("updated", "establishing"), Reported("updated", "established")]
    ):
        assert fold(Current("incoming"), [*opening, *reports]).state == "established"


@pytest.mark.case(4)
@pytest.mark.parametrize("state", ["incoming", "establishing"])
@pytest.mark.parametrize("told", ["", TERMINATED, "incoming"])
def test_a_deleted_call_is_over_whatever_state_the_body_tells(state: str, told: str) -> None:
    assert apply(Current(state), Reported("deleted", told)).state == TERMINATED


@pytest.mark.case(6)
@given(state=states, odd=st.text(max_size=20).filter(lambda word: word not in RANK))
def test_a_word_that_we_do_not_rank_changes_nothing(state: str, odd: str) -> None:
    for change in ("created", "updated", "read"):
        assert apply(Current(state), Reported(change, odd)).change == "nothing"


def test_a_read_reopens_an_end_that_only_a_notification_claimed() -> None:
    alive = Reported("read", "established")
    assert apply(Current(TERMINATED, "notification"), alive).change == "reopened"
    for sure in ("read", "inferred"):
        assert apply(Current(TERMINATED, sure), alive).change == "ignored"


def test_a_read_alone_says_how_a_call_stands_whose_state_was_only_assumed() -> None:
    assumed = Current("establishing", is_assumed=True)
    for word in ("incoming", "redirecting", "established"):
        assert apply(assumed, Reported("read", word)).change == "moved"
    assert apply(assumed, Reported("updated", "incoming")).change == "ignored"
    assert apply(assumed, Reported("gone")).change == "ended"


def test_a_read_that_finds_nothing_ends_a_call() -> None:
    assert apply(Current("established"), Reported("gone")).change == "ended"


def test_a_read_shows_that_a_transfer_failed_unheard() -> None:
    assert apply(Current("transferring"), Reported("read", "established")).change == "fell_back"


@given(action=st.sampled_from(sorted(ALLOWED)), state=states)
def test_an_action_is_allowed_in_its_states_only_and_the_refusal_says_what_would_work(
    action: str, state: str
) -> None:
    mine = Claim(1, "Rita", 3)
    refusal = require(action, Facts(state=state, actor_id=1, claim=mine, last_fence=3, fence=3))  # type: ignore[arg-type]
    assert (refusal is None) == (state in ALLOWED[action])
    if refusal and state != TERMINATED:
        assert refusal.remedy == WHAT_WORKS[state]


@pytest.mark.control("Z5")
@given(
    action=st.sampled_from(sorted(ALLOWED)),
    state=states,
    fence=st.none() | st.integers(0, 5),
    last=st.integers(0, 5),
    owner=st.none() | st.sampled_from([1, 2]),
)
def test_nobody_acts_on_anothers_claim_or_under_an_older_one(
    action: str, state: str, fence: int | None, last: int, owner: int | None
) -> None:
    claim = Claim(owner, f"person {owner}", last) if owner else None
    facts = Facts(state=state, actor_id=1, claim=claim, last_fence=last, fence=fence)
    refusal = require(action, facts)  # type: ignore[arg-type]
    if owner == 2 or (fence is not None and fence != last):
        assert refusal is not None
    if owner == 2 and state != TERMINATED:
        assert refusal is not None and refusal.code == "claimed" and "person 2" in refusal.reason


@pytest.mark.case(17)
@pytest.mark.parametrize("first", ["answer", "reject", "redirect"])
@pytest.mark.parametrize("second", ["answer", "reject", "redirect"])
def test_one_decision_at_a_time(first: str, second: str) -> None:
    open_, decided = (
        require(second, Facts(state="incoming", actor_id=1, open_action=first)),  # type: ignore[arg-type]
        require(second, Facts(state="incoming", actor_id=1, decided=first)),  # type: ignore[arg-type]
    )
    assert open_ is not None and open_.code == "pending"
    assert decided is not None and decided.code == "decided"


def test_a_transfer_under_way_may_be_hung_up_once() -> None:
    under_way = Facts(state="transferring", actor_id=1, open_action="transfer")
    assert require("hang-up", under_way) is None
    again = require("hang-up", Facts(state="transferring", actor_id=1, open_action="hang-up"))
    assert again is not None and again.code == "pending"


def test_every_live_state_says_what_works_and_passing_ones_are_live() -> None:
    assert set(WHAT_WORKS) == set(RANK) - {TERMINATED}
    assert set(WHAT_WORKS) >= PASSING
