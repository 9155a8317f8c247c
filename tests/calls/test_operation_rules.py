"""What settles an operation, by kind, and whether it may be sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.rules.operations import TABLE, Asked, End, Observed, may_replace, may_send, nothing_happened, settle
from calls.rules.state import RANK, TERMINATED, Result

kinds = st.sampled_from(sorted(TABLE))
askeds = st.builds(Asked, kind=kinds, sent=st.booleans(), accepted=st.booleans()).filter(
    lambda asked: asked.sent or not asked.accepted
)


def status(asked: Asked, observed: Observed) -> str | None:
    settlement = settle(asked, observed)
    return settlement.status if settlement else None


def accepted(kind: str) -> Asked:
    return Asked(kind, sent=True, accepted=True)


@pytest.mark.parametrize("state", ["establishing", "established", "transferring", "terminating"])
def test_an_answer_is_done_when_the_call_is_being_set_up(state: str) -> None:
    assert status(accepted("answer"), Observed(state)) == "done"


@pytest.mark.case(21)
def test_an_answer_after_which_the_call_only_ends_has_failed() -> None:
    assert status(accepted("answer"), Observed(TERMINATED)) == "failed"


@pytest.mark.parametrize("kind", ["reject", "redirect", "hang-up"])
def test_what_makes_the_call_go_is_done_when_it_has_gone(kind: str) -> None:
    assert status(accepted(kind), Observed("incoming")) is None
    assert status(accepted(kind), Observed(TERMINATED)) == "done"


@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_a_decision_that_never_left_fails_when_the_caller_gives_up(kind: str) -> None:
    settlement = settle(Asked(kind), Observed(TERMINATED))
    assert settlement is not None and settlement.status == "failed" and "ended first" in settlement.title


def test_an_end_heard_while_the_request_is_out_waits_for_its_answer() -> None:
    assert settle(Asked("redirect", sent=True, out=True), Observed(TERMINATED, told=True)) is None
    assert settle(Asked("redirect", sent=True, out=True), Observed(TERMINATED, by_read=True)) is None


@pytest.mark.parametrize("kind", ["reject", "redirect"])
def test_the_end_that_a_decision_brings_is_told_without_a_result_and_settles_it_without_an_answer(
    kind: str,
) -> None:
    assert status(Asked(kind, sent=True), Observed(TERMINATED, told=True)) == "done"
    assert status(Asked(kind, sent=True), Observed(TERMINATED, result=Result(200, 4521), told=True)) == "unknown"
    assert status(Asked("answer", sent=True), Observed(TERMINATED, told=True)) == "unknown"


@pytest.mark.parametrize("kind", ["answer", "reject", "redirect", "transfer"])
@pytest.mark.parametrize("result", [Result(487, 0), Result(408, 10057), Result(500, 8587)])
def test_an_end_whose_numbers_are_a_failures_tells_that_what_was_never_answered_did_not_happen(
    kind: str, result: Result
) -> None:
    settlement = settle(Asked(kind, sent=True), Observed(TERMINATED, result=result, told=True))
    assert settlement is not None and settlement.status == "failed" and settlement.result == result
    assert settle(Asked(kind, sent=True, out=True), Observed(TERMINATED, result=result, told=True)) is None


@pytest.mark.parametrize("kind", ["answer", "reject", "redirect", "transfer"])
def test_what_is_not_known_says_what_happened_and_what_to_do(kind: str) -> None:
    settlement = settle(Asked(kind, sent=True), Observed(TERMINATED, by_read=True))
    assert settlement is not None and settlement.title == "Not known whether this worked"
    assert "Microsoft did not" in settlement.detail and "over" in settlement.detail


@pytest.mark.parametrize(
    ("held", "found", "replaced"),
    [
        ("pending", "unknown", True),
        ("unknown", "failed", True),
        ("unknown", "done", True),
        ("unknown", "unknown", False),
        ("failed", "done", True),
        ("failed", "failed", False),
        ("failed", "unknown", False),
    ],
)
def test_only_better_knowledge_replaces_what_is_settled(held: str, found: End, replaced: bool) -> None:
    assert may_replace(held, found) is replaced


@pytest.mark.case(27)
@pytest.mark.parametrize("seen", ["established", "transferring"])
def test_an_accepted_transfer_that_leaves_no_trace_is_unknown(seen: str) -> None:
    assert status(accepted("transfer"), Observed(TERMINATED, seen, by_read=True)) == "unknown"
    assert status(accepted("transfer"), Observed(TERMINATED, seen, told=True)) == "unknown"


@pytest.mark.parametrize("kind", ["answer", "reject", "redirect", "transfer"])
def test_a_lost_answer_and_a_call_that_is_gone_are_unknown(kind: str) -> None:
    assert status(Asked(kind, sent=True), Observed(TERMINATED, by_read=True)) == "unknown"


@pytest.mark.case(27)
@pytest.mark.parametrize(
    ("seen", "result"),
    [
        ("transferAccepted", Result(0, 7015)),
        ("established", Result(200, 7015)),
        ("transferAccepted", None),
        ("transferAccepted", Result(0, 0)),
    ],
)
def test_a_transfer_is_done_when_the_call_leaves_by_it(seen: str, result: Result | None) -> None:
    assert status(accepted("transfer"), Observed(TERMINATED, seen, result)) == "done"


@pytest.mark.case(26)
def test_a_transfer_has_failed_when_the_caller_is_back_and_says_with_what_numbers() -> None:
    settlement = settle(
        accepted("transfer"), Observed("established", "transferring", Result(500, 7000), fell_back=True)
    )
    assert settlement is not None and settlement.status == "failed"
    assert "500/7000" in settlement.detail


def test_a_caller_who_hangs_up_during_a_transfer_fails_it() -> None:
    assert status(accepted("transfer"), Observed(TERMINATED, "transferring", Result(200, 4521))) == "failed"


def test_a_transfer_that_shows_nothing_is_only_given_up_by_a_late_read() -> None:
    early, late = Observed("established", by_read=True), Observed("established", by_read=True, overdue=True)
    assert status(accepted("transfer"), early) is None
    assert status(accepted("transfer"), late) == "failed"


def test_a_transfer_without_an_answer_is_given_up_by_a_late_read_and_never_asked_for_again() -> None:
    early, late = Observed("established", by_read=True), Observed("established", by_read=True, overdue=True)
    assert not nothing_happened("transfer", "established")
    assert status(Asked("transfer", sent=True), early) is None
    assert status(Asked("transfer", sent=True), late) == "failed"
    assert status(Asked("transfer", sent=True, out=True), late) is None
    assert status(Asked("transfer"), late) is None


def test_a_created_call_is_known_by_its_answer_or_by_its_token() -> None:
    assert status(accepted("create"), Observed("establishing")) == "done"
    assert status(Asked("create", sent=True), Observed("establishing", token_seen=True)) == "done"
    assert status(Asked("create", sent=True), Observed("establishing")) is None
    assert status(Asked("create", sent=True), Observed("establishing", overdue=True)) == "unknown"


@given(state=st.sampled_from(sorted(RANK)))
def test_a_create_is_never_sent_again(state: str) -> None:
    assert not nothing_happened("create", state)


@given(kind=kinds, state=st.sampled_from(sorted(RANK)))
def test_a_row_is_sent_again_only_where_it_could_be_sent_at_all(kind: str, state: str) -> None:
    if nothing_happened(kind, state):
        assert may_send(kind, state)
    assert not may_send(kind, TERMINATED)


@given(
    asked=askeds,
    result=st.sampled_from([None, Result(200, 0), Result(0, 7015)]),
    seen=st.sampled_from(sorted(RANK)),
)
def test_no_operation_on_a_call_stays_open_once_a_read_shows_it_gone(
    asked: Asked, result: Result | None, seen: str
) -> None:
    row = TABLE[asked.kind]
    if not row.places and not row.led:
        assert settle(asked, Observed(TERMINATED, seen, result, by_read=True)) is not None


@given(asked=askeds.filter(lambda asked: not asked.sent), state=st.sampled_from(sorted(RANK)), read=st.booleans())
def test_nothing_is_done_that_was_never_sent(asked: Asked, state: str, read: bool) -> None:
    done = status(asked, Observed(state, by_read=read)) == "done"
    assert not done or (asked.kind == "hang-up" and state == TERMINATED)
