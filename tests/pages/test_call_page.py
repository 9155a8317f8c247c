"""One call's page: facts, result in words, who was there, what happened."""

from datetime import timedelta

import pytest
from django.db import transaction

from audit import trail
from calls import words
from calls.models import Call, Operation, Participant
from directory.models import User
from routing.models import Line
from tests.pages.conftest import NOON, MakeCall, SignIn


def test_the_page_tells_facts_and_story(
    rita: User, omar: User, main: Line, make_call: MakeCall, sign_in: SignIn
) -> None:
    call = make_call(
        main, outcome="redirected", handled_by=omar, handled_to="Dana Lee", result_code=0, result_subcode=7015
    )
    Participant.objects.create(call=call, graph_id="p", kind="phone", name="Amara Okoye", joined_at=NOON)
    Operation.objects.create(
        call=call, kind="redirect", status="done", requested_by=omar, created_at=NOON, settled_at=NOON
    )
    with transaction.atomic():
        trail.append(
            [
                trail.Event(
                    "call.incoming", trail.MICROSOFT, call_id=call.pk, data={"line": "main", "caller": "Amara"}
                ),
                trail.Event("claim.taken", "omar", call_id=call.pk, data={"name": "Omar", "fence": 1}),
            ]
        )
    body = sign_in(rita).get(f"/calls/{call.pk}/").content.decode()
    for said in (
        "Omar redirected the call to Dana Lee.",
        "0 / 7015",
        call.graph_id,
        "Call from Amara",
        "Claimed by Omar",
    ):
        assert said in body
    assert "+0.0 s · Omar ·" in body


def test_a_call_without_a_trail_has_a_page(rita: User, main: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    body = sign_in(rita).get(f"/calls/{make_call(main, caller_name='', caller_phone='').pk}/").content.decode()
    assert "Anonymous, main" in body
    assert "Nothing is on record yet." in body


def test_a_call_that_is_not_there_is_a_404_in_our_look(rita: User, sign_in: SignIn) -> None:
    answer = sign_in(rita).get("/calls/00000000-0000-4000-8000-000000000000/")
    assert answer.status_code == 404
    assert b"Nothing is here" in answer.content


@pytest.mark.parametrize("outcome", [*Call.Outcome.values])
def test_every_outcome_has_words(rita: User, main: Line, make_call: MakeCall, outcome: str) -> None:
    for handler in (None, rita):
        result = words.result_of(make_call(main, outcome=outcome, handled_by=handler, handled_to="Dana Lee"))
        assert result.word
        assert result.sentence.endswith(".")
        assert "{" not in result.sentence


def test_a_caller_who_waits_for_somebody_is_told_from_one_who_talks(main: Line, make_call: MakeCall) -> None:
    parked = make_call(main, state="established", park_slot=3, parked_at=NOON)
    moving, live = (make_call(main, state=state) for state in ("transferAccepted", "established"))
    found = [words.result_of(call) for call in (parked, moving, live)]
    assert [one.word for one in found] == ["Parked in 3", "Moving", "Live"]
    assert found[0].sentence == "The caller waits in slot 3 for whoever takes them back."


def test_waiting_and_talking_are_told_apart(main: Line, make_call: MakeCall) -> None:
    answered = make_call(
        main, established_at=NOON + timedelta(seconds=4), ended_at=NOON + timedelta(seconds=64), received_at=NOON
    )
    missed = make_call(main, received_at=NOON, ended_at=NOON + timedelta(seconds=12))
    assert (words.waited(answered).seconds, words.talked(answered)) == (4, timedelta(seconds=60))
    assert (words.waited(missed).seconds, words.talked(missed)) == (12, None)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(0), "+0.0 s"),
        (timedelta(seconds=4, milliseconds=120), "+4.1 s"),
        (timedelta(seconds=75), "+1:15"),
    ],
)
def test_offsets_are_short(length: timedelta, said: str) -> None:
    assert words.after(length) == said
