"""A receptionist decides, Graph does it, the card shows how far that is."""

from typing import Any

import pytest

from calls import cards, commands
from calls.errors import NotNow
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from tests.calls.service import Service, state, tell
from tests.people import OIDS


def card(call: Call) -> dict:
    return cards.cards([call.pk])[call.pk].card


def test_a_call_that_comes_in_rings_with_caller_line_and_deadline(ringing: Call) -> None:
    shown = card(ringing)
    assert (shown["state"], shown["lane"], shown["line"]["name"]) == ("incoming", "ringing", "main")
    assert shown["caller"] == {"name": "", "phone": "+14255550123", "user": None}
    assert shown["deadline"] > shown["received_at"]
    assert shown["claim"] is None and shown["operation"] is None
    assert shown["unconfirmed"] is False  # read by GET, beside the ringing


def test_taking_a_call_redirects_it_to_the_person_and_is_done_when_graph_says_it_is_gone(
    ringing: Call, rita: User, service: Service
) -> None:
    row = commands.redirect(ringing.pk, rita)
    assert card(ringing)["operation"]["status"] == "pending"
    assert card(ringing)["claim"]["owner"] == "rita"
    worker.run_pending()
    (body,) = service.made("redirect")
    assert body["targets"][0]["identity"]["user"]["id"] == OIDS["rita"]
    assert card(ringing)["operation"]["status"] == "pending"
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    shown = card(ringing)
    told = {"id": str(row.pk), "kind": "redirect", "status": "done", "to": "Rita", "error": None}
    assert shown["operation"] == told
    assert (shown["state"], shown["lane"], shown["outcome"]) == ("terminated", "handled", "taken")
    assert shown["handled_by"] == {"username": "rita", "name": "Rita"}
    assert shown["claim"] is None


@pytest.mark.case(22)
@pytest.mark.parametrize("then", ["answer", "reject", "redirect"])
def test_a_call_that_was_redirected_cannot_be_decided_again_before_or_after_it_has_gone(
    ringing: Call, rita: User, service: Service, then: str
) -> None:
    commands.redirect(ringing.pk, rita)
    assert refused(then, ringing, rita) == "pending"
    worker.run_pending()
    assert refused(then, ringing, rita) == "pending"
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    assert refused(then, ringing, rita) == "call_over"
    worker.run_pending()
    sent = [name for name, _, _ in service.requests if name in ("answer", "reject", "redirect")]
    assert sent == ["redirect"]


def refused(action: str, call: Call, user: User) -> str:
    """Return the code with which `action` is refused."""
    with pytest.raises(NotNow) as refusal:
        getattr(commands, action)(call.pk, user)
    return refusal.value.code


def test_an_answered_call_is_transferred_and_leaves(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.answer(ringing.pk, rita)
    clock.forward(1)
    worker.run_pending()
    tell(ringing.graph_id, "updated", state("establishing"))
    tell(ringing.graph_id, "updated", state("established"))
    service.states[ringing.graph_id] = "established"
    worker.run_pending()
    assert card(ringing)["lane"] == "live" and card(ringing)["operation"]["status"] == "done"
    commands.transfer(ringing.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    tell(ringing.graph_id, "updated", state("transferring"))
    tell(ringing.graph_id, "updated", state("transferAccepted"))
    tell(ringing.graph_id, "deleted", state("terminated", 0, 7015, "GracefulTransferCompleted"))
    worker.run_pending()
    shown = card(ringing)
    assert shown["operation"]["status"] == "done" and shown["outcome"] == "transferred"
    assert Operation.objects.filter(status="done").count() == 2


@pytest.mark.parametrize("reason", ["none", "busy", "forbidden"])
def test_a_rejected_call_ends_with_the_reason_told(
    ringing: Call, rita: User, service: Service, reason: str
) -> None:
    commands.reject(ringing.pk, rita, reason=reason)
    worker.run_pending()
    tell(ringing.graph_id, "deleted")
    worker.run_pending()
    assert service.made("reject")[0]["reason"] == reason
    assert card(ringing)["outcome"] == "rejected"
