"""When nobody can know what became of a call, no screen says that it went well."""

from collections.abc import Callable
from typing import Any

import pytest

from calls import cards, commands, words
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import api

LOST = errors.OutcomeUnknown("no answer")


def card(call: Call, reader: User) -> dict[str, Any]:
    """Return the card, which is part of what the API tells."""
    shown: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    told = api(reader).get(f"/api/v1/calls/{call.pk}/").json()
    assert {name: told[name] for name in ("lane", "outcome", "operation")} == {
        name: shown[name] for name in ("lane", "outcome", "operation")
    }
    return shown


def drain(clock: Any, seconds: float = 12.0) -> None:
    for _ in range(24):
        worker.run_pending()
        clock.forward(seconds / 24)


def lost(service: Service, call: Call, word: str) -> Callable[[], None]:
    """Return a request's fate: the call moves to `word`, and no answer comes."""

    def accept_and_lose() -> None:
        service.states[call.graph_id] = word
        raise LOST

    return accept_and_lose


@pytest.mark.control("R3")
@pytest.mark.parametrize("kind", ["redirect", "reject", "answer"])
def test_a_decision_that_nobody_answered_is_missed_and_says_why(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    service.fail(kind, lost(service, ringing, "terminated"))
    row = getattr(commands, kind)(ringing.pk, rita)
    drain(clock)
    shown = card(ringing, rita)
    assert (shown["state"], shown["lane"], shown["outcome"]) == ("terminated", "missed", "")
    assert (shown["operation"]["id"], shown["operation"]["status"]) == (str(row.pk), "unknown")
    assert shown["operation"]["error"]["title"] and shown["operation"]["error"]["detail"]


def test_a_transfer_that_nobody_answered_is_missed_too(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    from calls.rules.targets import Wanted
    from tests.people import OIDS

    Call.objects.filter(pk=ringing.pk).update(state="established", established_at=clock())
    service.states[ringing.graph_id] = "established"
    service.fail("transfer", lost(service, ringing, "terminated"))
    commands.transfer(ringing.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    drain(clock)
    shown = card(ringing, rita)
    assert (shown["lane"], shown["operation"]["kind"], shown["operation"]["status"]) == (
        "missed",
        "transfer",
        "unknown",
    )


def test_a_later_failure_does_not_hide_the_doubt(ringing: Call, rita: User, clock: Any) -> None:
    over = {"state": "terminated", "ended_at": clock(), "outcome": ""}
    Call.objects.filter(pk=ringing.pk).update(**over)
    at = {"call": ringing, "created_at": clock(), "settled_at": clock()}
    doubt = Operation.objects.create(kind="redirect", status="unknown", error_title="Unknown", **at)
    clock.forward(1)
    Operation.objects.create(kind="redirect", status="failed", by_fallback=True, **at | {"created_at": clock()})
    shown = card(ringing, rita)
    assert (shown["lane"], shown["operation"]["id"]) == ("missed", str(doubt.pk))


def test_what_worked_in_the_end_is_handled(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("redirect", lost(service, ringing, "terminated"))
    commands.redirect(ringing.pk, rita)
    drain(clock)
    assert card(ringing, rita)["lane"] == "missed"
    tell(ringing.graph_id, "deleted", state("terminated"))  # without a result: what ended it was ours
    worker.run_pending()
    shown = card(ringing, rita)
    assert (shown["lane"], shown["outcome"], shown["operation"]["status"]) == ("handled", "taken", "done")


def test_a_failure_that_is_certain_is_no_doubt(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("redirect", error(404, "8522"))
    service.states[ringing.graph_id] = "terminated"
    commands.redirect(ringing.pk, rita)
    drain(clock)
    shown = card(ringing, rita)
    assert shown["outcome"] and shown["operation"]["status"] == "failed"


def test_its_pages_say_so(
    ringing: Call, rita: User, service: Service, clock: Any, client: Any, settings: Any
) -> None:
    service.fail("redirect", lost(service, ringing, "terminated"))
    commands.redirect(ringing.pk, rita)
    drain(clock)
    ringing.refresh_from_db()
    assert words.result_of(ringing) == words.UNKNOWN
    client.force_login(rita)
    for address in ("/calls/", f"/calls/{ringing.pk}/"):
        page = client.get(address, headers={"Host": f"localhost:{settings.PORT}"}).content.decode()
        chips = "".join(page.split())
        assert "</svg>Unknown</span>" in chips and "</svg>Ended</span>" not in chips
