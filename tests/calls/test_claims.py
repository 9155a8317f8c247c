"""A claim is a lease of four seconds that an answering console renews."""

from typing import Any

import pytest

from audit.models import Entry
from calls import cards, claims, commands
from calls.errors import NotNow
from calls.models import Call, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from tests.calls.service import Service, state, tell


def claim_of(call: Call) -> dict[str, Any] | None:
    return cards.cards([call.pk])[call.pk].card["claim"]


def kinds(call: Call) -> list[str]:
    entries = Entry.objects.filter(call_id=call.pk, kind__startswith="claim.").order_by("seq")
    return [entry.kind for entry in entries]


def test_a_claim_without_a_console_lives_one_lease(ringing: Call, rita: User, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    clock.forward(3.9)
    worker.run_pending()
    assert claim_of(ringing) is not None
    clock.forward(0.2)
    assert claim_of(ringing) is None
    worker.run_pending()
    ringing.refresh_from_db()
    assert ringing.claim_owner is None and kinds(ringing) == ["claim.taken", "claim.lost"]


def test_a_console_that_answers_keeps_the_claim_under_its_number(ringing: Call, rita: User, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    for _ in range(5):
        clock.forward(1.5)
        claims.renew([rita.pk])
        worker.run_pending()
    shown = claim_of(ringing)
    assert shown is not None and shown["fence"] == 1
    assert kinds(ringing) == ["claim.taken"]
    clock.forward(4.1)
    worker.run_pending()
    assert kinds(ringing) == ["claim.taken", "claim.lost"]


def test_renewing_revives_no_claim_that_ran_out_and_touches_nobody_elses(
    ringing: Call, rita: User, omar: User, clock: Any
) -> None:
    commands.claim(ringing.pk, rita)
    claims.renew([omar.pk])
    clock.forward(4.1)
    claims.renew([rita.pk, omar.pk])
    assert claim_of(ringing) is None


def test_renewing_costs_the_same_for_any_number_of_claims(
    service: Service, ringing: Call, rita: User, omar: User, clock: Any, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        service.ring("main")
    worker.run_pending()
    for call in Call.objects.all():
        commands.claim(call.pk, rita)
    with django_assert_num_queries(4):  # with the two of the transaction
        claims.renew([rita.pk, omar.pk])


@pytest.mark.control("Z5")
def test_fences_rise_with_every_new_claim_and_not_with_a_renewal(
    ringing: Call, rita: User, omar: User, clock: Any
) -> None:
    fences = []
    for person in (rita, omar, rita):
        fences.append(commands.claim(ringing.pk, person).claim_fence)
        fences.append(commands.claim(ringing.pk, person).claim_fence)
        clock.forward(4.1)
    assert fences == [1, 1, 2, 2, 3, 3]


def test_deciding_an_unclaimed_call_claims_it(ringing: Call, rita: User, omar: User, clock: Any) -> None:
    row = commands.answer(ringing.pk, rita)
    assert row.fence == 1
    with pytest.raises(NotNow) as refused:
        commands.claim(ringing.pk, omar)
    assert refused.value.members["claim"]["owner"] == "rita"


@pytest.fixture
def live(live: Call, clock: Any) -> Call:
    """Return an answered call that nobody has claimed any more."""
    clock.forward(3.1)
    worker.run_pending()
    assert claim_of(live) is None
    return live


def test_hanging_up_an_unclaimed_call_claims_it(live: Call, omar: User, rita: User) -> None:
    row = commands.hang_up(live.pk, omar)
    shown = claim_of(live)
    assert shown is not None and (shown["owner"], shown["fence"]) == ("omar", row.fence)
    with pytest.raises(NotNow) as refused:
        commands.transfer(live.pk, rita, wanted=Wanted("me"))
    assert refused.value.members["claim"]["owner"] == "omar"


def test_who_may_only_hang_up_claims_nothing_and_respects_the_claims_of_others(
    live: Call, ada: User, omar: User, clock: Any
) -> None:
    commands.claim(live.pk, omar)
    with pytest.raises(NotNow) as refused:
        commands.hang_up(live.pk, ada)
    assert refused.value.code == "claimed"
    clock.forward(4.1)
    row = commands.hang_up(live.pk, ada)
    assert claim_of(live) is None and row.requested_by == ada
    worker.run_pending()
    assert claim_of(live) is None


def test_a_release_frees_the_call_at_once(ringing: Call, rita: User, omar: User, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    commands.release(ringing.pk, rita)
    assert commands.claim(ringing.pk, omar).claim_fence == 2
    assert kinds(ringing) == ["claim.taken", "claim.released", "claim.taken"]


@pytest.mark.parametrize("held_by", ["nobody", "omar"])
def test_only_ones_own_claim_is_released(ringing: Call, rita: User, omar: User, clock: Any, held_by: str) -> None:
    if held_by == "omar":
        commands.claim(ringing.pk, omar)
    with pytest.raises(NotNow) as refused:
        commands.release(ringing.pk, rita)
    assert refused.value.code == ("claimed" if held_by == "omar" else "not_claimed")


def test_an_end_ends_the_claim_and_its_timer(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    ringing.refresh_from_db()
    assert ringing.claim_owner is None and ringing.claim_until is None
    assert not Timer.objects.filter(call=ringing).exists()
    with pytest.raises(NotNow) as refused:
        commands.claim(ringing.pk, rita)
    assert refused.value.code == "call_over"
