"""A web process works on so many requests at once; others wait a little, and who cannot is told to come again."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from commsportal import crowds
from commsportal.crowds import Places

pytestmark = pytest.mark.control("H7")
LONG = 30.0  # seconds; nothing here waits so long


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """Let all places of this process be taken, and nobody wait."""
    places = Places(1, 0, LONG)
    monkeypatch.setattr(crowds, "places", places)
    with places.one() as granted:
        assert granted
        yield places
    assert len(places) == 0


def test_who_waits_gets_the_place_that_becomes_free() -> None:
    places, granted = Places(1, 1, LONG), []

    def wait() -> None:
        with places.one() as mine:
            granted.append(mine)

    waiter = threading.Thread(target=wait)
    with places.one():
        waiter.start()
        while len(places) < 2:
            waiter.join(0.01)
        assert granted == []
    waiter.join(LONG)
    assert granted == [True] and len(places) == 0


def test_nobody_waits_for_ever_and_no_more_than_there_is_room_for() -> None:
    impatient, narrow = Places(1, 1, 0.01), Places(2, 0, LONG)
    with impatient.one(), impatient.one() as second:
        assert not second and len(impatient) == 2
    with ExitStack() as stack:
        granted = [stack.enter_context(narrow.one()) for _ in range(3)]
        assert granted == [True, True, False] and len(narrow) == narrow.most == 2
    assert len(impatient) == len(narrow) == 0


def test_a_place_is_given_back_when_a_view_fails() -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        crowds.CrowdMiddleware(fail)(HttpRequest())
    assert len(crowds.places) == 0


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/me/", "application/problem+json"), ("/calls/", "text/html")])
def test_who_finds_no_place_is_told_to_come_again(full: Places, client: Client, path: str, kind: str) -> None:
    answer = client.get(path, headers={"host": "localhost:8000"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"].partition(";")[0] == kind
    assert answer["Cache-Control"] == "no-store" and "default-src 'none'" in answer["Content-Security-Policy"]


def test_that_the_process_lives_is_told_in_any_crowd(full: Places, client: Client) -> None:
    assert client.get("/healthz").status_code == 200
