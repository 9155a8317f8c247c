"""What became of each of those who are called together."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.rules import callees
from calls.rules.callees import Outcome, Presence, Ring, outcome
from calls.rules.targets import KINDS, MOST_TARGETS, Wanted

STATUSES = ("pending", "done", "failed", "unknown")
rings = st.none() | st.builds(
    Ring,
    st.sampled_from(STATUSES),
    st.none() | st.sampled_from([200, 404, 408, 412, 480, 486, 500, 600, 603]) | st.integers(),
    st.none() | st.sampled_from([0, 8538, 8539, 8541, 8544, 10037, 10134]) | st.integers(),
)
presences = st.sampled_from(get_args(Presence))


@pytest.mark.parametrize(
    ("ring", "presence", "expected"),
    [
        (None, "", "waiting"),
        (Ring("pending"), "", "ringing"),
        (Ring("pending"), "in", "joined"),  # the roster was faster than the operation
        (Ring("pending"), "left", "ringing"),  # once more
        (Ring("done"), "", "joined"),  # the operation was faster than the roster
        (Ring("done"), "in", "joined"),
        (Ring("done"), "left", "left"),
        (Ring("unknown"), "", "unknown"),
        (Ring("unknown"), "left", "left"),
        (Ring("failed", 603, 0), "", "declined"),
        (Ring("failed", 603, 0), "left", "declined"),
        (Ring("failed", 486, 0), "", "busy"),
        (Ring("failed", 480, 0), "", "no_answer"),
        (Ring("failed", 480, 8541), "", "no_answer"),
        (Ring("failed", 408, 8544), "", "no_answer"),
        (Ring("failed", 480, 10037), "", "unreachable"),
        (Ring("failed", 404, 8522), "", "unreachable"),
        (Ring("failed", 500, 8538), "", "declined"),
        (Ring("failed", 412, 8583), "", "failed"),
        (Ring("failed"), "", "failed"),
    ],
)
def test_each_is_named_by_what_is_known(ring: Ring | None, presence: Presence, expected: Outcome) -> None:
    assert outcome(ring, presence) == expected


@given(rings, presences)
def test_whom_the_roster_shows_has_joined_and_nobody_else_is_said_to_be_there(
    ring: Ring | None, presence: Presence
) -> None:
    found = outcome(ring, presence)
    assert found in get_args(Outcome)
    if presence == "in":
        assert found == "joined"
    if found == "joined":
        assert presence == "in" or (ring is not None and ring.status == "done")


@given(rings, presences)
def test_nobody_is_rung_again_who_is_here_or_rung_or_was_here_or_said_no(
    ring: Ring | None, presence: Presence
) -> None:
    if outcome(ring, presence) in callees.AGAIN:
        assert ring is not None and ring.status in ("failed", "unknown") and presence != "in"
        assert ring.code != 603 or ring.subcode in callees._NO_ENDPOINT


@given(st.lists(st.builds(Wanted, st.sampled_from(KINDS), st.just("x")), max_size=30))
def test_two_to_25_people_and_telephones_are_a_group(wanted: list[Wanted]) -> None:
    is_fine = 2 <= len(wanted) <= MOST_TARGETS and all(one.kind in ("me", "user", "phone") for one in wanted)
    assert (callees.wrong_group(wanted) == "") is is_fine
