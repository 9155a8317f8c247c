"""Each operation keeps Microsoft's id of its request, by which a support case finds it."""

from typing import Any

import pytest
from django.contrib import admin

from calls import commands
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from routing.models import Line
from tests.calls.service import Service, answer, error
from tests.people import OIDS

ID = "5b8b6c1e-0000-4000-8000-00000000beef"
NAMED = {"request-id": ID, "client-request-id": "ours"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(202, None, **NAMED), ID),
        (answer(202, None, **{"client-request-id": "ours"}), "ours"),
        (answer(400, None, **NAMED), ID),
        (answer(503, None, **NAMED), ID),
        (answer(429, None, **NAMED), ID),
        (answer(404, None, **NAMED), ID),
        (error(403, "7504", **NAMED), "req-1"),
    ],
)
@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_an_operation_keeps_the_id_of_the_answer_to_its_request(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str, said: Any, expected: str
) -> None:
    service.fail(kind, said)
    row = getattr(commands, kind)(ringing.pk, rita)
    worker.run_pending()
    row.refresh_from_db()
    assert row.request_id == expected


@pytest.mark.parametrize("body", [{"id": ID, "state": "establishing"}, {}])
def test_a_created_call_keeps_it_too_even_if_its_answer_says_nothing_else(
    service: Service, main: Line, rita: User, clock: Any, body: dict[str, str]
) -> None:
    service.fail("create", answer(201, body, **NAMED))
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    worker.run_pending()
    row.refresh_from_db()
    assert row.request_id == ID


def test_a_request_without_an_answer_keeps_the_id_that_we_gave_it(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", errors.OutcomeUnknown("no answer came"))
    row = commands.redirect(ringing.pk, rita)
    worker.run_pending()
    row.refresh_from_db()
    assert row.request_id and row.request_id == service.headers[-1]["client-request-id"]


def test_one_that_never_left_has_none(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("redirect", errors.NotSent("refused", retryable=True))
    row = commands.redirect(ringing.pk, rita)
    worker.run_pending()
    row.refresh_from_db()
    assert row.request_id == ""


def test_the_admin_finds_the_operation_by_it(
    ringing: Call, rita: User, service: Service, clock: Any, rf: Any
) -> None:
    service.fail("redirect", answer(202, None, **NAMED))
    row = commands.redirect(ringing.pk, rita)
    worker.run_pending()
    pages = admin.site.get_model_admin(Operation)
    found, _ = pages.get_search_results(rf.get("/"), Operation.objects.all(), ID)
    assert list(found) == [row]
