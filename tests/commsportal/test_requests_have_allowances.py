"""What one person and one network may ask; more is 429, with the time to wait."""

from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from commsportal import throttles
from directory import tokens
from directory.models import User
from tests.people import api

pytestmark = pytest.mark.control("H7")


class Time:
    """A clock that stands."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Time:
    """Return the clock of fresh allowances: six requests of the API and three sign-ins a minute."""
    made = Time()
    settings.API_REQUESTS_PER_MINUTE, settings.SIGN_INS_PER_MINUTE = 6, 3
    for name, setting in (("api", "API_REQUESTS_PER_MINUTE"), ("sign_in", "SIGN_INS_PER_MINUTE")):
        fresh = throttles.Allowance(lambda setting=setting: getattr(configured, setting), made)  # type: ignore[misc]
        monkeypatch.setattr(throttles, name, fresh)
    return made


def test_a_bucket_empties_and_fills_up_steadily() -> None:
    time = Time()
    allowance = throttles.Allowance(lambda: 6, time)
    assert [allowance.take("rita") for _ in range(8)] == [0, 0, 0, 0, 0, 0, 10, 10]
    assert allowance.take("omar") == 0
    time.at += 9
    assert allowance.take("rita") == 1
    time.at += 1
    assert [allowance.take("rita") for _ in range(2)] == [0, 10]
    time.at += 3600
    assert [allowance.take("rita") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]


def test_no_more_keys_are_kept_than_a_process_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "MOST_KEYS", 3)
    allowance = throttles.Allowance(lambda: 1, Time())
    for key in ("a", "b", "c", "a", "d"):
        allowance.take(key)
    assert list(allowance._left) == ["c", "a", "d"]
    assert allowance.take("a") > 0 and allowance.take("b") == 0


@pytest.mark.django_db
def test_the_api_says_when_to_come_again(time: Time, rita: User, omar: User) -> None:
    browser = Client(HTTP_HOST="localhost:8000")
    browser.force_login(rita)
    assert [browser.get("/api/v1/me/").status_code for _ in range(6)] == [200] * 6
    refused = browser.get("/api/v1/calls/")
    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    assert refused["Content-Type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["status"]) == ("throttled", 429)
    assert api(omar).get("/api/v1/me/").status_code == 200
    script = Client(HTTP_HOST="localhost:8000", HTTP_AUTHORIZATION=f"Bearer {tokens.issue(rita)}")
    assert script.get("/api/v1/me/").status_code == 200, "a person's scripts are counted apart"
    time.at += 10
    assert browser.get("/api/v1/me/").status_code == 200


@pytest.mark.django_db
def test_a_network_signs_in_only_so_often(time: Time) -> None:
    browser = Client(HTTP_HOST="localhost:8000")

    def guess(source: str) -> Any:
        return browser.post("/sign-in/", {"username": "rita", "password": "x"}, REMOTE_ADDR=source)

    assert [guess(f"2001:db8::{n}").status_code for n in range(1, 4)] == [200] * 3
    refused = guess("2001:db8::4")
    assert (refused.status_code, refused["Retry-After"]) == (429, "20")
    assert "Wait 20 s" in refused.content.decode()
    for path in ("/sign-in/microsoft/", "/sign-in/microsoft/callback/"):
        assert browser.get(path, REMOTE_ADDR="2001:db8::5").status_code == 429
    assert browser.get("/sign-in/", REMOTE_ADDR="2001:db8::5").status_code == 200, "the form may be looked at"
    assert guess("2001:db8:0:1::1").status_code == 200, "neighbours are other people"
