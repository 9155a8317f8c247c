"""Errors of the API, and outside of any view: documents under /api/, pages elsewhere."""

import inspect
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from rest_framework import exceptions

from commsportal import errors
from directory.models import User
from tests.people import api

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v2/calls/", "/webhooks/other"])
def test_unknown_addresses_under_api_are_problems(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == ("not_found", 404)


def test_unknown_pages_are_pages(client: Client) -> None:
    answer = client.get("/nothing-here/", headers={"Host": "localhost:8000"})
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")


MADE: dict[type[Exception], Exception] = {
    exceptions.MethodNotAllowed: exceptions.MethodNotAllowed("GET"),
    exceptions.UnsupportedMediaType: exceptions.UnsupportedMediaType("text/plain"),
    exceptions.Throttled: exceptions.Throttled(wait=3),
}
OF_THE_FRAMEWORK = [
    kind
    for _, kind in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(kind, (exceptions.APIException, Http404, PermissionDenied))
]


@pytest.mark.parametrize("kind", OF_THE_FRAMEWORK)
def test_what_the_framework_refuses_has_a_title_of_ours(kind: type[Exception]) -> None:
    answer = errors.exception_handler(MADE.get(kind) or kind(), {})
    body: dict[str, Any] = answer.data
    assert body["title"] == errors.TITLES[body["code"]]
    assert body["status"] == answer.status_code and body["detail"]
    assert not {"{", "}"} & set(body["title"] + body["detail"])


def test_a_refusal_of_an_unknown_kind_has_a_title_too() -> None:
    class Odd(exceptions.APIException):
        status_code, default_code = 418, "odd"

    body: dict[str, Any] = errors.exception_handler(Odd("I am a teapot."), {}).data
    assert (body["title"], body["detail"]) == ("The request was refused", "I am a teapot.")


@pytest.mark.parametrize(
    ("method", "path", "content_type", "status", "code"),
    [
        ("GET", "calls/00000000-0000-4000-8000-000000000000/claim/", "", 405, "method_not_allowed"),
        ("POST", "calls/00000000-0000-4000-8000-000000000000/claim/", "text/plain", 415, "unsupported_media_type"),
        ("POST", "calls/00000000-0000-4000-8000-000000000000/claim/", "application/json", 400, "parse_error"),
        ("GET", "calls/00000000-0000-4000-8000-000000000000/", "", 404, "not_found"),
        ("GET", "calls/?live=perhaps", "", 400, "invalid"),
    ],
)
def test_over_http_the_title_says_what_and_the_detail_why(
    rita: User, method: str, path: str, content_type: str, status: int, code: str
) -> None:
    answer = api(rita).generic(method, f"/api/v1/{path}", "{", content_type=content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["title"]) == (code, errors.TITLES[code])
    assert "{" not in body["detail"]


def test_who_may_not_is_told_in_the_same_words(eve: User) -> None:
    nobody, forbidden = api().get("/api/v1/calls/"), api(eve).get("/api/v1/calls/")
    assert (nobody.status_code, nobody.json()["title"]) == (401, errors.TITLES["not_authenticated"])
    assert (forbidden.status_code, forbidden.json()["title"]) == (403, errors.TITLES["permission_denied"])
