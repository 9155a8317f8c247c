"""What is asked of a call as a whole while it goes on: keys, everybody muted, the bot's own part, the gallery."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import Entry
from calls import commands
from calls.errors import NotNow
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service
from tests.calls.test_invitations import drain, ended, invite
from tests.calls.test_people_in_a_call import BOT, CALLER, MAX, OMAR
from tests.people import OIDS, api

pytestmark = pytest.mark.django_db
OF_SEVERAL = ("mute_bot", "unmute_bot", "gallery")


@pytest.fixture
def several(live: Call, rita: User, service: Service) -> Call:
    """Return a call of several: the caller, omar and max, who is muted."""
    row = invite(live, rita, "omar")
    worker.run_pending()
    service.participants[live.graph_id] = [BOT, OMAR, CALLER, MAX | {"isMuted": True}]
    ended(service, live, row)
    worker.run_pending()
    service.requests.clear()
    return live


def only(kind: str) -> Operation:
    return Operation.objects.get(kind=kind)


@pytest.mark.parametrize(
    ("command", "action", "at_once"),
    [
        ("mute_bot", "mute", True),
        ("unmute_bot", "unmute", True),
        ("gallery", "addLargeGalleryView", False),
        ("cancel_media", "cancelMediaProcessing", True),
    ],
)
def test_each_is_asked_once_and_done_when_microsoft_says_so(
    several: Call, rita: User, service: Service, command: str, action: str, at_once: bool
) -> None:
    row = getattr(commands, command)(several.pk, rita)
    worker.run_pending()
    assert service.made(action) == [{"clientContext": str(row.pk)}]
    row.refresh_from_db()
    assert row.status == ("done" if at_once else "pending")
    if not at_once:
        ended(service, several, row)
        row.refresh_from_db()
    assert row.status == "done" and Call.objects.get(pk=several.pk).handled_to == OIDS["omar"]


@pytest.mark.parametrize("command", OF_SEVERAL)
def test_a_call_of_two_has_no_such_thing(live: Call, rita: User, command: str) -> None:
    with pytest.raises(NotNow, match="Bridge it, or invite somebody into it first"):
        getattr(commands, command)(live.pk, rita)


@pytest.mark.parametrize("command", [*OF_SEVERAL, "cancel_media"])
def test_the_same_is_not_asked_twice_at_once(several: Call, rita: User, command: str) -> None:
    getattr(commands, command)(several.pk, rita)
    with pytest.raises(NotNow) as refused:
        getattr(commands, command)(several.pk, rita)
    assert refused.value.code == "pending"


def test_everybody_who_is_heard_is_muted(several: Call, rita: User, service: Service) -> None:
    rows = commands.mute_all(several.pk, rita)
    assert {row.parameters["participant"] for row in rows} == {OMAR["id"], CALLER["id"]}
    service.participants[several.graph_id] = [BOT, *(one | {"isMuted": True} for one in (OMAR, CALLER, MAX))]
    worker.run_pending()
    assert len(service.made("mute")) == 2
    with pytest.raises(NotNow, match="Nobody is left to mute"):
        commands.mute_all(several.pk, rita)


def test_the_api_names_each_of_those_who_are_muted(several: Call, rita: User) -> None:
    told = api(rita).post(f"/api/v1/calls/{several.pk}/mute-all/", {}, format="json").json()
    assert [one["kind"] for one in told["operations"]] == ["mute"] * 2 and told["id"] == told["operations"][0][
        "id"
    ]


@pytest.mark.control("P3")
def test_keys_are_pressed_once_and_forgotten(live: Call, rita: User, service: Service) -> None:
    answer = api(rita).post(f"/api/v1/calls/{live.pk}/tones/", {"keys": "48*1#"}, format="json")
    assert answer.status_code == 202 and "48*1#" not in answer.content.decode()
    worker.run_pending()
    (asked,) = service.made("sendDtmfTones")
    assert asked["tones"] == ["tone4", "tone8", "star", "tone1", "pound"]
    ended(service, live, only("tones"))
    assert (only("tones").status, only("tones").parameters) == ("done", {"count": 5})
    assert not Entry.objects.filter(text__contains="48*1#").exists()


@pytest.mark.parametrize("fault", [errors.OutcomeUnknown("no answer"), errors.ServerFault("broken", status=500)])
def test_keys_without_an_answer_are_not_pressed_again_and_forgotten_at_once(
    live: Call, rita: User, service: Service, clock: Any, fault: Exception
) -> None:
    service.fail("sendDtmfTones", fault)
    commands.tones(live.pk, rita, keys="4711")
    worker.run_pending()
    assert only("tones").parameters == {"count": 4}
    drain(clock, 60)
    assert len(service.made("sendDtmfTones")) == 1
    assert (only("tones").status, only("tones").error_title) == ("unknown", "Not known whether this worked")


@pytest.mark.parametrize("keys", ["", "12e", "1 2", "+1", "1" * 65, None, 12])
def test_what_is_no_key_is_refused(live: Call, rita: User, keys: object) -> None:
    answer = api(rita).post(f"/api/v1/calls/{live.pk}/tones/", {"keys": keys}, format="json")
    assert (answer.status_code, Operation.objects.filter(kind="tones").count()) == (
        (202, 1) if keys == 12 else (400, 0)
    )


def test_keys_are_pressed_one_after_the_other(live: Call, rita: User, service: Service) -> None:
    commands.tones(live.pk, rita, keys="1")
    with pytest.raises(NotNow) as refused:
        commands.tones(live.pk, rita, keys="2")
    assert refused.value.code == "pending"
    worker.run_pending()
    ended(service, live, only("tones"))
    commands.tones(live.pk, rita, keys="2")


def test_nothing_of_it_takes_a_parked_caller_out_of_their_slot_but_keys(
    live: Call, rita: User, another: Callable[[], Call]
) -> None:
    commands.park(live.pk, rita)
    commands.cancel_media(live.pk, rita)
    assert Call.objects.get(pk=live.pk).park_slot == 1
    commands.tones(live.pk, rita, keys="1")
    assert Call.objects.get(pk=live.pk).park_slot is None
