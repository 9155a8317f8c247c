"""Of a call whose beginning was never told, the read tells who calls, what was called and how it stands."""

from datetime import timedelta
from typing import Any

import pytest

from calls import cards
from calls.models import Call
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, answer, incoming, tell
from tests.people import OIDS, api

UNHEARD = "aaaaaaaa-1111-4111-8111-111111111114"
SOMEBODY = {"@odata.type": "#microsoft.graph.participant", "id": "p1"}
MEDIA = {"mediaState": {"audio": "inactive"}}


def adopt(service: Service, word: str, part: str) -> Call:
    """Have something be told of a call that Microsoft describes when asked; return the call."""
    service.states[UNHEARD] = word
    service.fail("get", answer(200, incoming("main") | {"id": UNHEARD, "state": word}))
    tell(UNHEARD, "updated", [SOMEBODY] if part else MEDIA, part=part)
    worker.run_pending()
    return Call.objects.get(graph_id=UNHEARD)


@pytest.mark.case(14)
@pytest.mark.parametrize("part", ["", "/participants"])
def test_a_ring_is_shown_to_its_line_and_falls_back_as_its_line_says(
    service: Service, main: Line, omar: User, clock: Any, part: str
) -> None:
    call = adopt(service, "incoming", part)
    shown = cards.cards([call.pk])[call.pk].card
    assert (call.adopted, call.line, shown["lane"], shown["caller"]["phone"]) == (
        True,
        main,
        "ringing",
        "+14255550123",
    )
    assert call.deadline == call.received_at + timedelta(seconds=12)
    assert api(omar).get(f"/api/v1/calls/{call.pk}/").status_code == 200
    clock.forward(12.1)
    worker.run_pending()
    (body,) = service.made("redirect")
    assert body["targets"][0]["endpointType"] == "voicemail"
    assert body["targets"][0]["identity"]["user"]["id"] == OIDS["max"]


@pytest.mark.case(14)
def test_a_conversation_is_shown_to_its_line(service: Service, main: Line, omar: User, clock: Any) -> None:
    call = adopt(service, "established", "")
    (shown,) = api(omar).get("/api/v1/calls/", {"live": "true"}).json()["results"]
    assert (shown["id"], shown["state"], shown["line"]["name"]) == (str(call.pk), "established", "main")
    assert shown["unconfirmed"] is False
