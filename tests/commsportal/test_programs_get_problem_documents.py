"""Errors outside of any view: documents under /api/, pages elsewhere."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v2/calls/", "/webhooks/other"])
def test_unknown_addresses_under_api_are_problems(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == ("not_found", 404)


def test_unknown_pages_are_pages(client: Client) -> None:
    answer = client.get("/nothing-here/", headers={"Host": "localhost:8000"})
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")
