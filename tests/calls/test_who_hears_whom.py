"""Only some hear somebody in a call of several, until everybody does again; and the bot's screen."""

from typing import Any

import pytest

from calls import commands
from calls.errors import BadTarget, NotNow
from calls.models import Call, Operation
from calls.rules import hearing
from calls.rules.party import Member
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service
from tests.calls.test_invitations import drain, ended, invite
from tests.calls.test_people_in_a_call import (
    BOT,
    BOT_ID,
    CALLER,
    CALLER_ID,
    MAX,
    MAX_ID,
    NOBODY_ID,
    OMAR,
    OMAR_ID,
    person,
    settled,
    shown,
)
from tests.people import api

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(live: Call, rita: User, service: Service) -> Call:
    """Return a call of the caller, omar and max, whose roster is read."""
    row = invite(live, rita, "omar")
    worker.run_pending()
    service.participants[live.graph_id] = [BOT, OMAR, CALLER, MAX]
    ended(service, live, row)
    worker.run_pending()
    return live


def test_only_some_hear_somebody_until_all_do_again(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    row = commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    worker.run_pending()
    made = {"id": str(row.pk), "routingMode": "oneToOne", "sources": [OMAR_ID], "receivers": [MAX_ID]}
    assert service.routes == {str(row.pk): made} and settled(row)[0] == "done"
    assert person(several, OMAR_ID)["heard_by"] == ["Max"] and person(several, CALLER_ID)["heard_by"] == []
    clock.forward(1)
    lifted = commands.unroute(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    assert service.routes == {} and settled(lifted)[0] == "done"
    assert person(several, OMAR_ID)["heard_by"] == [] and shown(several)["media"]["kind"] == "unroute"


def test_several_receivers_are_a_multicast(several: Call, rita: User, service: Service) -> None:
    commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID, CALLER_ID])
    worker.run_pending()
    ((_, made),) = service.routes.items()
    assert (made["routingMode"], made["receivers"]) == ("multicast", [MAX_ID, CALLER_ID])


def test_a_group_that_is_gone_already_is_lifted(several: Call, rita: User, service: Service, clock: Any) -> None:
    commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    worker.run_pending()
    service.routes.clear()
    clock.forward(1)
    lifted = commands.unroute(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    several.refresh_from_db()
    assert settled(lifted)[0] == "done" and several.state == "established"


def test_a_lost_answer_is_not_asked_again_and_can_be_lifted(
    several: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("audioRoutingGroups", errors.OutcomeUnknown("no answer"))
    row = commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    drain(clock, 60)
    assert settled(row) == ("unknown", "Not known whether this worked")
    assert len(service.made("audioRoutingGroups")) == 1 and person(several, OMAR_ID)["heard_by"] == ["Max"]
    commands.unroute(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    assert person(several, OMAR_ID)["heard_by"] == []


def test_what_microsoft_refuses_says_so_and_changes_nothing(several: Call, rita: User, service: Service) -> None:
    service.fail("audioRoutingGroups", errors.Refused("no", status=400, code="BadRequest"))
    row = commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    worker.run_pending()
    assert settled(row)[0] == "failed" and shown(several)["media"]["error"]["code"] == "BadRequest"
    assert person(several, OMAR_ID)["heard_by"] == []


@pytest.mark.parametrize(
    ("participant", "receivers", "refused"),
    [
        (OMAR_ID, [OMAR_ID], NotNow),
        (OMAR_ID, [MAX_ID, MAX_ID], NotNow),
        (OMAR_ID, [NOBODY_ID], BadTarget),
        (NOBODY_ID, [MAX_ID], BadTarget),
        ("", [MAX_ID], BadTarget),
    ],
)
def test_who_cannot_be_meant_is_refused(
    several: Call, rita: User, participant: str, receivers: list[str], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        commands.route_audio(several.pk, rita, participant=participant, receivers=receivers)


def test_the_bot_can_be_heard_by_some_only(several: Call, rita: User, service: Service) -> None:
    commands.route_audio(several.pk, rita, participant=BOT_ID, receivers=[MAX_ID])
    worker.run_pending()
    assert len(service.routes) == 1


def test_it_is_lifted_before_others_hear_them_and_there_must_be_something_to_lift(
    several: Call, rita: User
) -> None:
    with pytest.raises(NotNow, match="Everybody in the call hears them"):
        commands.unroute(several.pk, rita, participant=OMAR_ID)
    commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    with pytest.raises(NotNow, match="Asked already"):
        commands.unroute(several.pk, rita, participant=OMAR_ID)
    worker.run_pending()
    with pytest.raises(NotNow, match="Only Max can hear Omar already"):
        commands.route_audio(several.pk, rita, participant=OMAR_ID, receivers=[CALLER_ID])


def test_a_call_of_two_knows_nothing_of_it(live: Call, rita: User) -> None:
    with pytest.raises(NotNow, match="call of two"):
        commands.route_audio(live.pk, rita, participant=OMAR_ID, receivers=[MAX_ID])
    with pytest.raises(NotNow, match="call of two"):
        commands.share_screen(live.pk, rita, role="sharer")


def test_whoever_waits_in_the_lobby_hears_nobody() -> None:
    waiting = Member("w", "Wim", is_in_lobby=True)
    assert hearing.refuse(Member("a", "Amy"), [waiting], []) is not None


def test_a_screen_is_shared_only_where_the_application_hosts_the_media(
    several: Call, rita: User, service: Service
) -> None:
    path = f"/api/v1/calls/{several.pk}/share-screen/"
    refused = api(rita).post(path, {"role": "sharer"}, format="json")
    assert refused.status_code == 409 and "Share it from Teams" in refused.json()["detail"]
    Operation.objects.filter(call=several, kind="answer").delete()  # another part of the application took it
    assert api(rita).post(path, {"role": "sharer"}, format="json").status_code == 202
    worker.run_pending()
    assert service.made("changeScreenSharingRole") == [{"role": "sharer"}]
    assert Operation.objects.get(kind="share-screen").status == "done"
