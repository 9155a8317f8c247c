"""Whom somebody sends calls to is at hand for them afterwards, if it was asked for and not otherwise."""

import pytest

from calls import commands, outgoing
from calls.errors import BadTarget
from calls.models import Call
from calls.rules.targets import Wanted
from directory.models import Recent, User
from routing.models import Line
from tests.calls.service import Service
from tests.people import OIDS, make_person


def recents(user: User) -> list[str]:
    return list(Recent.objects.filter(user=user).order_by("person__name").values_list("person__name", flat=True))


@pytest.fixture(autouse=True)
def _people(rita: User) -> None:
    for name in ("max", "omar", "rita"):
        make_person(name, oid=OIDS[name])


def test_a_redirect_is_remembered_person_by_person(ringing: Call, rita: User, omar: User) -> None:
    wanted = [Wanted("user", OIDS["omar"]), Wanted("user", OIDS["max"])]
    commands.redirect(ringing.pk, rita, wanted=wanted)
    assert recents(rita) == ["max", "omar"] and recents(omar) == []


def test_taking_a_call_oneself_is_nobody(ringing: Call, rita: User) -> None:
    commands.redirect(ringing.pk, rita)
    assert recents(rita) == []


def test_an_invitation_is_remembered(live: Call, rita: User, service: Service) -> None:
    commands.invite(live.pk, rita, wanted=[Wanted("user", OIDS["max"])])
    assert recents(rita) == ["max"]


def test_a_transfer_is_remembered(live: Call, rita: User, service: Service) -> None:
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    assert recents(rita) == ["omar"]


def test_what_is_refused_is_not_remembered(ringing: Call, rita: User) -> None:
    with pytest.raises(BadTarget):
        commands.redirect(ringing.pk, rita, wanted=[Wanted("user", OIDS["max"])], timeout=3)
    assert recents(rita) == []


def test_people_who_are_called_together_are_remembered(main: Line, rita: User, service: Service) -> None:
    main.organizers = OIDS["max"]
    main.save()
    wanted = [Wanted("user", OIDS["omar"]), Wanted("user", OIDS["max"]), Wanted("phone", "+14255550142")]
    outgoing.call_together(main.pk, rita, wanted=wanted)
    assert recents(rita) == ["max", "omar"]
