"""The documented requests on calendars, read in place, go through the running simulator."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator import schema
from simulator.folding import folded

from .process import Running

FOLDER = Path(__file__).parents[3] / "shared" / "graph"
SUBJECTS = re.compile(r"(event-|user-post-events|user-list-calendarview|calendar-)")
KINDS = {
    "event": "event",
    "Collection(event)": "event.collection",
    "Collection(scheduleInformation)": "scheduleInformation.collection",
}
SERIES = {
    "start": {"dateTime": "2019-04-08T20:30:00", "timeZone": "UTC"},
    "end": {"dateTime": "2019-04-08T21:00:00", "timeZone": "UTC"},
    "recurrence": {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
        "range": {"type": "noEnd", "startDate": "2019-04-08"},
    },
}


def examples() -> list[Any]:
    """Return one parameter for each documented request, with its answer."""
    found = []
    for path in sorted(FOLDER.glob("examples/*.json")):
        if not SUBJECTS.match(path.name):
            continue
        steps = json.loads(path.read_text())["steps"]
        for index, step in enumerate(steps):
            if step["kind"] == "request":
                answer = next((one for one in steps[index:] if one["kind"] == "response"), {})
                found.append(pytest.param(step, answer, f"{path.name}#{index}", id=f"{path.stem[:60]}#{index}"))
    skip = pytest.mark.skip(reason="no examples beside this checkout")
    return found or [pytest.param({}, {}, "", marks=skip)]


def fitting(body: Any) -> Any:
    """Return a body without the placeholders of members that are read-only."""
    if not isinstance(body, dict):
        return body
    return {
        name: value
        for name, value in body.items()
        if not str(value).endswith("-value") and not (name == "responseStatus" and not value.get("response"))
    }


@pytest.mark.parametrize(("request_", "answer", "name"), examples())
def test_a_documented_request_is_answered_as_documented(
    request_: dict[str, Any], answer: dict[str, Any], name: str, simulator: Running
) -> None:
    rita = simulator.person("rita")["id"]
    made = simulator.graph("POST", f"/users/{rita}/events", SERIES).json()
    path = request_["url"].removeprefix("https://graph.microsoft.com/v1.0").replace("/me/", f"/users/{rita}/")
    path = re.sub(r"/events/(\{id\}|[^/?]+)", f"/events/{made['id']}", path).replace(":00-", ":00%2D")
    headers = {key: value for key, value in (request_.get("headers") or {}).items() if key == "Prefer"}
    got = simulator.graph(request_["method"], path, fitting(request_["body"]), headers=headers)
    assert got.status_code == answer["status"], got.text
    if got.content:
        schema.require(KINDS[answer["type"]], got.json())
    if "Prefer" in headers:
        assert got.headers.get("Preference-Applied", headers["Prefer"]) == headers["Prefer"]
    simulator.graph("DELETE", f"/users/{rita}/events/{made['id']}")


@pytest.mark.parametrize(("request_", "answer", "name"), examples())
def test_the_simulators_schema_knows_the_documented_bodies(
    request_: dict[str, Any], answer: dict[str, Any], name: str
) -> None:
    errors = json.loads((FOLDER / "known_doc_errors.json").read_text())
    number = int(name.partition("#")[2]) + 1
    if answer.get("body") and f"{name.partition('#')[0]}#{number}" not in errors:
        schema.require(KINDS[answer["type"]], answer["body"])
    if request_["method"] == "POST" and request_["url"].endswith("/events"):
        schema.require("event.create.request", folded("event", request_["body"]))
