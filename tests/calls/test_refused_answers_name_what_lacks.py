"""An answer that Microsoft does not permit: which permission lacks, if any does."""

from typing import Any

import pytest

from calls import commands
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, error

CHAT = {"@odata.type": "#microsoft.graph.chatInfo", "threadId": "19:meeting_x@thread.v2", "messageId": "0"}


def refused(service: Service, rita: User, **facts: Any) -> Operation:
    """Return an answer to a fresh call that Microsoft refused for lack of a permission."""
    call_id = service.ring("main", **facts)
    worker.run_pending()
    service.fail("answer", error(403, "7504", "Insufficient enterprise tenant permissions."))
    row = commands.answer(Call.objects.get(graph_id=call_id).pk, rita)
    worker.run_pending()
    row.refresh_from_db()
    return row


@pytest.mark.case(33)
def test_answering_one_caller_needs_no_permission_and_none_is_named(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    row = refused(service, rita)
    assert row.status == "failed" and row.call.tenant_id in row.error_detail
    assert "consent" in row.error_detail and "Calls." not in row.error_detail


@pytest.mark.case(33)
def test_answering_an_invitation_into_a_group_call_names_its_permission(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    row = refused(service, rita, chatInfo=CHAT)
    assert row.status == "failed" and "Calls.JoinGroupCall.All" in row.error_detail
