"""Idempotency-Key: the same answer for the same request, nothing done twice."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from commsportal import idempotency, worker
from commsportal.clock import now
from commsportal.errors import PortalError, Unavailable
from commsportal.idempotency import IdempotentMixin
from commsportal.models import IdempotencyKey
from directory.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.case(18)]


class Counter(IdempotentMixin, APIView):
    """Counts how often it really did something."""

    permission_classes = [AllowAny]
    count = 0
    failure: Exception | None = None

    def post(self, request: Request) -> Response:
        Counter.count += 1
        if Counter.failure:
            raise Counter.failure
        return Response({"count": Counter.count, "got": request.data}, status=202, headers={"Location": "/there/"})

    def get(self, request: Request) -> Response:
        return Response({"count": Counter.count})


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Counter.count, Counter.failure = 0, None


def ask(user: User, key: str | None, body: object = None, path: str = "/a/", method: str = "post") -> Response:
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    data = {"x": 1} if body is None else body
    request = getattr(APIRequestFactory(), method)(path, data, format="json", **headers)
    force_authenticate(request, user)
    return Counter.as_view()(request).render()


def test_the_same_request_gets_the_same_answer(rita: User) -> None:
    first, second = ask(rita, "k"), ask(rita, "k")
    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert second["Location"] == "/there/"
    assert (first.has_header("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (False, "true")
    assert Counter.count == 1


def test_another_body_is_refused(rita: User) -> None:
    ask(rita, "k")
    answer = ask(rita, "k", {"x": 2})
    assert (answer.status_code, answer.data["code"]) == (422, "idempotency_key_reused")
    assert Counter.count == 1


def test_keys_belong_to_a_person_and_a_path(rita: User, omar: User) -> None:
    answers = [ask(rita, "k"), ask(omar, "k"), ask(rita, "k", path="/b/"), ask(rita, "other"), ask(rita, None)]
    assert [answer.data["count"] for answer in answers] == [1, 2, 3, 4, 5]


def test_reading_needs_no_key(rita: User) -> None:
    ask(rita, "k", method="get")
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ü"])
def test_odd_keys_are_refused(rita: User, key: str) -> None:
    assert ask(rita, key).status_code == 422
    assert Counter.count == 0


def test_a_problem_is_an_answer_too(rita: User) -> None:
    Counter.failure = PortalError("somebody else has it", owner="omar")
    first = ask(rita, "k")
    Counter.failure = None
    second = ask(rita, "k")
    assert (first.status_code, second.status_code) == (409, 409)
    assert first.content == second.content
    assert second["Content-Type"] == "application/problem+json"
    assert Counter.count == 1


def test_a_validation_error_is_an_answer_too(rita: User) -> None:
    Counter.failure = serializers.ValidationError({"x": ["Wrong."]})
    assert ask(rita, "k").content == ask(rita, "k").content


@pytest.mark.parametrize("failure", [Unavailable("no database"), RuntimeError("bug")])
def test_our_own_failure_may_be_tried_again(rita: User, failure: Exception) -> None:
    Counter.failure = failure
    assert ask(rita, "k").status_code in (500, 503)
    Counter.failure = None
    assert ask(rita, "k").status_code == 202
    assert Counter.count == 2


def in_flight(user: User, since: datetime) -> IdempotencyKey:
    """Make what a request leaves that has not been answered: the row without its answer."""
    ask(user, "k")
    IdempotencyKey.objects.update(status=None, answer="", created_at=since)
    return IdempotencyKey.objects.get()


def test_in_flight_is_a_conflict(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    at = now()
    monkeypatch.setattr(timezone, "now", lambda: at)
    in_flight(rita, at - timedelta(seconds=9))
    answer = ask(rita, "k")
    assert (answer.status_code, answer.data["code"], Counter.count) == (409, "in_flight", 1)


def test_who_crashed_is_succeeded_and_cannot_answer_any_more(rita: User) -> None:
    crashed = in_flight(rita, now() - timedelta(seconds=11))
    assert ask(rita, "k").data["count"] == 2
    idempotency.finish(crashed, Response({"count": "late"}))
    assert ask(rita, "k").data["count"] == 2


def test_after_a_day_a_key_is_new_and_its_row_goes(rita: User) -> None:
    ask(rita, "k")
    IdempotencyKey.objects.update(created_at=now() - timedelta(hours=24, seconds=1))
    assert idempotency.DUTY.next_due() <= now()
    worker.run_pending()
    assert not IdempotencyKey.objects.exists()
    ask(rita, "k")
    IdempotencyKey.objects.update(created_at=now() - timedelta(hours=24, seconds=1))
    assert ask(rita, "k").data["count"] == 3


def test_young_rows_stay(rita: User) -> None:
    ask(rita, "k")
    worker.run_pending()
    assert IdempotencyKey.objects.count() == 1
    assert idempotency.DUTY.next_due() > now() + timedelta(hours=23)


def test_a_browser_whose_form_token_was_checked_may_send_a_key(rita: User) -> None:
    browser, secret = Client(enforce_csrf_checks=True), "s" * 32
    browser.force_login(rita)
    browser.cookies[settings.CSRF_COOKIE_NAME] = secret
    path = "/api/v1/calls/00000000-0000-4000-8000-000000000000/claim/"
    for _ in range(2):
        answer = browser.post(
            path, {}, "application/json", headers={"X-CSRFToken": secret, "Idempotency-Key": "k"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
