"""A report that could not be applied is part of the story of the call that it is about."""

from typing import Any

import pytest

from calls import timeline
from calls.models import Call
from commsportal import worker
from directory.models import User
from tests.calls.service import Service, state, tell
from tests.people import api
from webhooks import deliveries
from webhooks.models import Delivery

OTHER_TENANT = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def dead(ringing: Call, service: Service) -> Delivery:
    """Return a report about the ringing call that nobody can apply."""
    row = tell(ringing.graph_id, "updated", state("established"))
    Delivery.objects.filter(pk=row.pk).update(kind="weather")
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "dead"
    return row


def story(call: Call, reader: User) -> list[tuple[str, str]]:
    """Return titles and details as the API tells them."""
    page: dict[str, Any] = api(reader).get(f"/api/v1/calls/{call.pk}/timeline/").json()
    return [(event["title"], event["detail"]) for event in page["results"]]


def test_a_report_that_is_dead_and_replayed_is_told_with_its_call(
    ringing: Call, rita: User, dead: Delivery
) -> None:
    deliveries.replay(dead, "ada")
    told = story(ringing, rita)
    assert told[0][0].startswith("Call from")
    assert [title for title, _ in told][-2:] == [
        "A report of Microsoft's could not be applied",
        "The report is applied anew",
    ]
    assert f"Delivery {dead.pk}." in told[-2][1] and "replay" in told[-2][1]
    (event,) = [event for event in timeline.of(ringing) if event["title"] == "The report is applied anew"]
    assert (event["actor"], event["kind"]) == ("ada", "delivery")


def test_it_is_told_page_by_page_too(ringing: Call, rita: User, dead: Delivery) -> None:
    client, address, found = api(rita), f"/api/v1/calls/{ringing.pk}/timeline/", []
    cursor = ""
    while cursor is not None:
        page = client.get(address, {"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        found += [event["title"] for event in page["results"]]
        cursor = page["next"]
    assert found == [title for title, _ in story(ringing, rita)]


def test_other_calls_and_what_another_tenant_signed_stay_apart(
    ringing: Call, rita: User, service: Service, dead: Delivery
) -> None:
    other = Call.objects.exclude(pk=ringing.pk).filter(graph_id=service.ring("main", phone="+14255550177"))
    worker.run_pending()
    forged = tell(other.get().graph_id, "updated", state("established"), tenant=OTHER_TENANT)
    worker.run_pending()
    forged.refresh_from_db()
    assert forged.status == "dead"
    assert not [title for title, _ in story(other.get(), rita) if "report" in title.lower()]


def test_its_page_tells_it(ringing: Call, rita: User, dead: Delivery, client: Any, settings: Any) -> None:
    client.force_login(rita)
    page = client.get(f"/calls/{ringing.pk}/", headers={"Host": f"localhost:{settings.PORT}"})
    assert "A report of Microsoft&#x27;s could not be applied" in page.content.decode()
