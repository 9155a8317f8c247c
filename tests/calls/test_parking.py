"""A caller waits in a numbered slot; who waits too long is recalled, and whoever goes on takes them back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import override_settings

from calls import cards, commands, timeline
from calls.errors import NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation, Timer
from calls.rules import parking as rules
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from tests.calls.service import Service, state, tell

pytestmark = pytest.mark.django_db


def person(user: User) -> Wanted:
    return Wanted("user", user.oid)


def card(call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return shown


def titles(call: Call) -> list[str]:
    return [one["title"] for one in timeline.of(call)]


def test_a_parked_caller_waits_for_anybody_and_is_taken_back(live: Call, rita: User, omar: User) -> None:
    commands.park(live.pk, rita)
    shown = card(live)
    assert (shown["lane"], shown["claim"]) == ("waiting", None)
    assert shown["park"] == {"slot": 1, "at": shown["park"]["at"], "by": "Rita", "is_recalled": False}
    commands.unpark(live.pk, omar)
    shown = card(live)
    assert (shown["lane"], shown["park"], shown["claim"]["owner"]) == ("live", None, "omar")
    assert not Timer.objects.filter(kind="park").exists()
    assert [title for title in titles(live) if "slot" in title] == [
        "Parked in slot 1",
        "Taken back from slot 1",
    ]


def test_microsoft_is_asked_nothing_about_a_call_of_two(live: Call, rita: User, service: Service) -> None:
    before = len(service.requests)
    commands.park(live.pk, rita)
    commands.unpark(live.pk, rita)
    worker.run_pending()
    assert len(service.requests) == before


@override_settings(PARK_SECONDS=60)
def test_who_waits_too_long_is_recalled_once(live: Call, rita: User, clock: Any) -> None:
    commands.park(live.pk, rita)
    clock.forward(59)
    worker.run_pending()
    assert card(live)["lane"] == "waiting"
    clock.forward(1)
    worker.run_pending()
    shown = card(live)
    assert (shown["lane"], shown["park"]["slot"], shown["park"]["is_recalled"]) == ("live", 1, True)
    clock.forward(120)
    worker.run_pending()
    assert titles(live).count("Recall") == 1


def test_slots_are_taken_from_the_lowest_or_as_wanted(
    rita: User, service: Service, live: Call, another: Callable[[], Call]
) -> None:
    commands.park(live.pk, rita, slot=2)
    first, second, third = another(), another(), another()
    commands.park(first.pk, rita)
    commands.park(second.pk, rita)
    assert [card(call)["park"]["slot"] for call in (live, first, second)] == [2, 1, 3]
    with pytest.raises(NotNow, match=r"Slot 2 is taken\. Slot 4 is free\.") as refused:
        commands.park(third.pk, rita, slot=2)
    assert refused.value.code == "slot_taken" and card(third)["park"] is None


def test_a_call_is_parked_once_and_only_a_parked_one_is_taken_back(live: Call, rita: User) -> None:
    with pytest.raises(NotNow, match="not parked"):
        commands.unpark(live.pk, rita)
    commands.park(live.pk, rita)
    with pytest.raises(NotNow, match="parked in slot 1 already"):
        commands.park(live.pk, rita)


def test_nobody_parks_what_a_colleague_has(live: Call, rita: User, omar: User) -> None:
    commands.claim(live.pk, rita)
    with pytest.raises(NotNow) as refused:
        commands.park(live.pk, omar)
    assert refused.value.code == "claimed"


def test_a_ringing_call_cannot_be_parked(ringing: Call, rita: User) -> None:
    with pytest.raises(NotNow) as refused:
        commands.park(ringing.pk, rita)
    assert refused.value.code == "wrong_state"


@pytest.mark.parametrize("action", ["transfer", "invite"])
def test_whoever_goes_on_with_a_parked_call_takes_it_back(
    live: Call, rita: User, omar: User, max_: User, action: str
) -> None:
    commands.park(live.pk, rita)
    one = person(max_)
    getattr(commands, action)(live.pk, omar, wanted=one if action == "transfer" else [one])
    assert (card(live)["park"], card(live)["claim"]["owner"]) == (None, "omar")


def test_the_slot_of_a_call_that_ends_is_free(
    live: Call, rita: User, service: Service, another: Callable[[], Call]
) -> None:
    commands.park(live.pk, rita)
    service.states[live.graph_id] = "terminated"
    tell(live.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    live.refresh_from_db()
    assert live.state == "terminated" and live.park_slot is None
    assert commands.park(another().pk, rita).park_slot == 1
    assert violations() == []


def test_whoever_gets_a_slot_second_gets_the_next(
    live: Call, rita: User, another: Callable[[], Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, real, tries = another(), Ledger.write, []

    def write(ledger: Ledger) -> None:
        tries.append(ledger.call.park_slot)
        if len(tries) == 1:
            raise IntegrityError
        real(ledger)

    monkeypatch.setattr(Ledger, "write", write)
    commands.park(other.pk, rita)
    assert tries == [1, 1] and card(other)["park"]["slot"] == 1


def test_slots_of_the_database_are_given_once(live: Call, rita: User, another: Callable[[], Call]) -> None:
    commands.park(live.pk, rita)
    other = another()
    other.park_slot, other.parked_at = 1, other.received_at
    with pytest.raises(IntegrityError):
        other.save()


def test_when_all_slots_are_taken_it_is_said() -> None:
    chosen = rules.choose(range(1, 10))
    assert chosen.refusal and chosen.refusal.text == "All 9 slots are taken. Take somebody back first."


def test_a_moving_call_waits_in_sight(live: Call, rita: User, max_: User, service: Service) -> None:
    commands.transfer(live.pk, rita, wanted=person(max_))
    worker.run_pending()
    tell(live.graph_id, "updated", state("transferring"))
    worker.run_pending()
    assert card(live)["lane"] == "waiting" and card(live)["operation"]["to"] == max_.oid
    tell(live.graph_id, "updated", state("established", code=500, subcode=7000))
    worker.run_pending()
    shown = card(live)
    assert (shown["lane"], shown["operation"]["status"]) == ("live", "failed")
    assert Operation.objects.get(kind="transfer").status == "failed"
