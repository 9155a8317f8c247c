"""The description of the API: OpenAPI 3.1, and a page for people that takes nothing from elsewhere."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from directory.models import User
from tests.people import api

PATHS = {
    "/api/v1/calls/": {"get", "post"},
    "/api/v1/calls/{call_id}/": {"get"},
    "/api/v1/calls/{call_id}/timeline/": {"get"},
    "/api/v1/calls/{call_id}/alternatives/": {"get"},
    "/api/v1/operations/{operation_id}/": {"get"},
    "/api/v1/budget/": {"get"},
    "/api/v1/people/": {"get"},
    "/api/v1/people/groups/": {"get"},
    "/api/v1/people/at-hand/": {"get"},
    "/api/v1/favourites/{person_id}/": {"put", "delete"},
    "/api/v1/presence/": {"get"},
    "/api/v1/lines/": {"get"},
    "/api/v1/organizers/": {"get"},
    "/api/v1/meeting-templates/": {"get"},
    "/api/v1/meetings/": {"get", "post"},
    "/api/v1/meetings/free-busy/": {"post"},
    "/api/v1/meetings/guests/": {"get"},
    "/api/v1/meetings/{meeting_id}/": {"get", "put"},
    "/api/v1/occurrences/": {"get"},
    "/api/v1/meetings/preview/": {"post"},
    "/api/v1/meetings/{meeting_id}/occurrences/": {"get"},
    "/api/v1/meetings/{meeting_id}/occurrences/{day}/": {"put"},
    "/api/v1/meetings/{meeting_id}/occurrences/{day}/cancel/": {"post"},
    "/api/v1/meetings/{meeting_id}/occurrences/{day}/restore/": {"post"},
    "/api/v1/meetings/{meeting_id}/schedule/": {"post"},
    "/api/v1/meetings/{meeting_id}/discard/": {"post"},
    "/api/v1/meetings/{meeting_id}/cancel/": {"post"},
    "/api/v1/meetings/{meeting_id}/retry/": {"post"},
    "/api/v1/meetings/{meeting_id}/hold/": {"post"},
    "/api/v1/meetings/{meeting_id}/resolve/": {"post"},
    "/api/v1/meetings/{meeting_id}/room/": {"get"},
    "/api/v1/meetings/{meeting_id}/room/join/": {"post"},
    "/api/v1/meetings/{meeting_id}/room/ring/": {"post"},
    "/api/v1/meetings/{meeting_id}/attendance/": {"get"},
    "/api/v1/meetings/{meeting_id}/attendance/fetch/": {"post"},
    "/api/v1/meetings/{meeting_id}/invitations/": {"get"},
    "/api/v1/meetings/{meeting_id}/send-again/": {"post"},
    "/api/v1/me/": {"get"},
} | {
    f"/api/v1/calls/{{call_id}}/{action}/": {"post"}
    for action in (
        *("claim", "release", "answer", "reject", "redirect", "transfer", "hang-up"),
        *("invite", "ring-again", "bridge", "consult", "mute", "remove", "hold", "resume", "park", "unpark"),
        *("mute-all", "tones", "mute-bot", "unmute-bot", "gallery", "cancel-media"),
        *("connect", "share-screen", "route-audio", "unroute"),
    )
}


def test_it_is_openapi_3_1_and_names_every_address(rita: User) -> None:
    answer = api(rita).get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    told = json.loads(answer.content)
    assert told["openapi"].startswith("3.1.")
    assert {path: set(verbs) for path, verbs in told["paths"].items()} == PATHS


def test_its_page_takes_scripts_and_styles_from_here(rita: User) -> None:
    browser = Client(HTTP_HOST=f"localhost:{settings.PORT}")
    browser.force_login(rita)
    page = browser.get("/api/docs/").content.decode()
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert len(named) > 3
    assert [address for address in named if not address.startswith("/")] == []
    files = [address.removeprefix("/static/") for address in named if address.startswith("/static/")]
    assert any("swagger-ui" in name and name.endswith(".js") for name in files)
    assert [name for name in files if finders.find(name) is None] == []


@pytest.mark.parametrize("path", ["/api/docs/", "/api/schema/"])
def test_nobody_outside_reads_it(db: None, path: str) -> None:
    assert Client(HTTP_HOST=f"localhost:{settings.PORT}").get(path).status_code in (302, 401)
