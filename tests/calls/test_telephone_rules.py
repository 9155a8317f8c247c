"""The table of calls that can be led to a telephone (REFERENCE 18.2)."""

from typing import Any

import pytest

from calls import commands
from calls.errors import BadTarget
from calls.models import Call
from calls.rules import telephones
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service
from tests.people import INSTANCES

PHONE = Wanted("phone", "+14255550199")


@pytest.mark.parametrize(
    ("facts", "way"),
    [
        ({"reached_kind": "phone"}, "number"),
        ({"reached_kind": "applicationInstance"}, "bot identity"),
        ({"reached_kind": "application"}, "account"),
        ({"reached_kind": "user", "line_has_number": True}, "account"),
        ({"line_has_number": True}, "number"),
        ({"line_has_identity": True}, "bot identity"),
        ({}, "account"),
        ({"is_outgoing": True, "line_has_identity": True}, "out by bot identity"),
        ({"is_outgoing": True, "line_has_number": True}, "out without one"),
    ],
)
def test_how_a_call_came_about(facts: dict[str, Any], way: str) -> None:
    nothing = {"is_outgoing": False, "reached_kind": "", "line_has_number": False, "line_has_identity": False}
    assert telephones.way(**nothing | facts) == way  # type: ignore[arg-type]


def test_what_can_never_work_says_what_would() -> None:
    allowed = {way for way, why in telephones.TABLE.items() if not why}
    assert allowed == {"number", "bot identity", "out by bot identity"}
    assert all(len(why) > 40 for way, why in telephones.TABLE.items() if way not in allowed)


@pytest.mark.case(30)
@pytest.mark.django_db
def test_a_call_to_the_bots_account_is_led_to_no_telephone_before_graph_is_asked(
    rita: User, main: Line, service: Service, clock: Any
) -> None:
    reached = [{"identity": {"application": {"id": INSTANCES["main"]}}}]
    graph_id = service.ring("main", targets=reached)
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    Call.objects.filter(pk=call.pk).update(line=main)
    with pytest.raises(BadTarget, match="bot's own account"):
        commands.redirect(call.pk, rita, wanted=[PHONE])
    assert not service.made("redirect")


@pytest.mark.django_db
def test_a_line_without_a_bot_identity_calls_no_telephone(rita: User, main: Line, service: Service) -> None:
    main.instance_id = ""
    main.save()
    with pytest.raises(BadTarget, match="no bot identity to call from"):
        commands.create(main, PHONE, rita)
    assert not Call.objects.exists() and not service.made("create")
