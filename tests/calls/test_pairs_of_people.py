"""Two people act on one call, one after the other and at the same instant: each pair of actions, in each order."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from audit.models import Entry
from calls import automation, commands
from calls.errors import NotNow
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.calls.test_races import at_once
from tests.people import OIDS

Act = Callable[[Call, User], Any]
TARGET = Wanted("user", OIDS["max"])


def the_clock(call: Call, user: User) -> None:
    """Let the line's fallback decide, as the worker does at the deadline."""
    for timer in automation.claim_clocks(5):
        automation.run(timer)


RINGING: dict[str, Act] = {
    "claim": lambda call, user: commands.claim(call.pk, user),
    "release": lambda call, user: commands.release(call.pk, user),
    "answer": lambda call, user: commands.answer(call.pk, user),
    "reject": lambda call, user: commands.reject(call.pk, user),
    "redirect": lambda call, user: commands.redirect(call.pk, user),
    "hang-up": lambda call, user: commands.hang_up(call.pk, user),
    "the clock": the_clock,
}
ANSWERED: dict[str, Act] = {
    "claim": RINGING["claim"],
    "release": RINGING["release"],
    "hang-up": RINGING["hang-up"],
    "transfer": lambda call, user: commands.transfer(call.pk, user, wanted=TARGET),
}
PAIRS = [("incoming", *pair) for pair in itertools.combinations_with_replacement(RINGING, 2)]
PAIRS += [("established", *pair) for pair in itertools.combinations_with_replacement(ANSWERED, 2)]


@dataclass(frozen=True)
class Outcome:
    """What each was told, what is asked of Microsoft by whom, and who has the call."""

    told: tuple[str, str]
    asked: tuple[tuple[str, str], ...]
    owner: str


@pytest.fixture
def make(service: Service, main: Line, clock: Any) -> Callable[[str, int], list[Call]]:
    """Return what makes calls in a state."""

    def make(word: str, number: int) -> list[Call]:
        graph_ids = [service.ring("main") for _ in range(number)]
        worker.run_pending(1)
        if word != "incoming":
            for graph_id in graph_ids:
                service.states[graph_id] = word
                tell(graph_id, "updated", state(word))
            worker.run_pending(1)
        return list(Call.objects.filter(graph_id__in=graph_ids))

    return make


def told(act: Act, call: Call, user: User) -> str:
    try:
        act(call, user)
    except NotNow as refusal:
        return refusal.code
    return "done"


def outcome(call: Call, answers: list[str]) -> Outcome:
    rows = Operation.objects.filter(call=call).select_related("requested_by").order_by("kind")
    asked = tuple((row.kind, row.requested_by.username if row.requested_by else "") for row in rows)
    call.refresh_from_db()
    owner = call.claim_owner.username if call.claim_owner else ""
    return Outcome((answers[0], answers[1]), asked, owner)


@pytest.mark.control("Z5")
@pytest.mark.django_db(transaction=True)
def test_each_pair_has_one_effect_and_at_one_instant_the_same_as_in_some_order(
    make: Callable[[str, int], list[Call]], rita: User, omar: User, clock: Any
) -> None:
    for word, first, second in PAIRS:
        acts = RINGING if word == "incoming" else ANSWERED
        one, two = acts[first], acts[second]
        calls = make(word, 3)
        clock.forward(12.1)
        Call.objects.filter(pk__in=[call.pk for call in calls]).update(received_at=clock())

        answer_one = told(one, calls[0], rita)
        forwards = outcome(calls[0], [answer_one, told(two, calls[0], omar)])
        answer_two = told(two, calls[1], omar)
        backwards = outcome(calls[1], [told(one, calls[1], rita), answer_two])
        both = at_once(lambda c=calls[2], a=one: told(a, c, rita), lambda c=calls[2], a=two: told(a, c, omar))
        assert outcome(calls[2], both) in (forwards, backwards), f"{word}: {first} and {second}"
        for found in (forwards, backwards):
            assert_one_effect(found, first, second)
        _end(calls)


def assert_one_effect(found: Outcome, first: str, second: str) -> None:
    """Who has the call is who acted first with success; the other asked nothing of Microsoft."""
    acted = {name for name, answer in zip(("rita", "omar"), found.told, strict=True) if answer == "done"}
    people = {name for _, name in found.asked if name}
    assert len(people) <= 1 and people <= acted
    if found.owner and "the clock" not in (first, second):
        assert acted == {found.owner}


def _end(calls: list[Call]) -> None:
    for call in calls:
        Call.objects.filter(pk=call.pk).update(claim_owner=None, claim_until=None)
        Operation.objects.filter(call=call).delete()
        call.timers.all().delete()
    connection.close()


@pytest.mark.control("Z5")
def test_every_fence_is_given_once(
    make: Callable[[str, int], list[Call]], rita: User, omar: User, clock: Any
) -> None:
    (call,) = make("incoming", 1)
    for user in (rita, omar, rita, omar):
        commands.claim(call.pk, user)
        commands.release(call.pk, user)
    taken = Entry.objects.filter(call_id=call.pk, kind="claim.taken").order_by("seq")
    assert [entry.data["fence"] for entry in taken] == [1, 2, 3, 4]
