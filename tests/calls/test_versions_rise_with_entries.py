"""The version of a card rises with what is put on record and not otherwise: who has heard all has the newest."""

from collections.abc import Iterator
from typing import Any

import pytest

from audit.models import Entry
from calls import cards, commands
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS

LOST = errors.OutcomeUnknown("no answer came")
BUSY = error(503, "busy", **{"retry-after": "1"})
THROTTLED = error(429, "TooManyRequests", **{"retry-after": "1"})


class Card:
    """What consoles know of a call, and what those know that open now."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.entries, self.card, self.writes = self.look()

    def look(self) -> tuple[int, dict[str, Any], int]:
        """Return how many entries there are, the card but for the end of its claim, and the writes."""
        entries = Entry.objects.filter(call_id=self.call.pk).count()
        card = cards.cards([self.call.pk])[self.call.pk].card
        claim = card["claim"] and card["claim"] | {"until": ""}
        self.call.refresh_from_db()
        return entries, card | {"claim": claim}, self.call.writes

    def silent(self) -> bool:
        """Look again; tell whether the call was written and nobody was told.

        :raises AssertionError: when a card differs of which nobody was told, or the same version tells two things.
        """
        entries, card, writes = self.look()
        assert (entries > self.entries) is (card["version"] > self.card["version"])
        if entries == self.entries:
            assert card == self.card
        silent = writes > self.writes and entries == self.entries
        self.entries, self.card, self.writes = entries, card, writes
        return silent


def steps(clock: Any, seconds: float) -> Iterator[None]:
    """Let time pass in small steps, with a worker at it."""
    for _ in range(int(seconds * 4)):
        worker.run_pending()
        yield
        clock.forward(0.25)


@pytest.mark.control("I7")
@pytest.mark.control("R4")
@pytest.mark.parametrize("fault", [LOST, BUSY, THROTTLED], ids=["no answer", "busy", "throttled"])
@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_what_waits_is_written_and_makes_no_new_version(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str, fault: Any
) -> None:
    service.fail(kind, fault)
    service.fail("get", BUSY, THROTTLED)
    known = Card(ringing)
    row = getattr(commands, kind)(ringing.pk, rita)
    assert not known.silent()
    quiet = [known.silent() for _ in steps(clock, 8)]
    row.refresh_from_db()
    assert row.accepted_at is not None
    assert any(quiet)


@pytest.mark.control("I7")
def test_a_whole_call_tells_each_version_once(live: Call, rita: User, service: Service, clock: Any) -> None:
    known = Card(live)
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    assert not known.silent()
    for _ in steps(clock, 1):
        known.silent()
    service.states[live.graph_id] = "transferring"
    for told in ("transferring", "transferring", "transferAccepted"):
        tell(live.graph_id, "updated", state(told))
        for _ in steps(clock, 2):
            known.silent()
    tell(live.graph_id, "deleted", state("terminated", 0, 7015))
    service.states[live.graph_id] = "terminated"
    for _ in steps(clock, 2):
        known.silent()
    assert known.card["lane"] == "handled"
    assert Operation.objects.get(kind="transfer").status == "done"
