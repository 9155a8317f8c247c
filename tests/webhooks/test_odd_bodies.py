"""Bodies that nobody sends by mistake, at the intake and at an action: each gets the answer the corpus says."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from directory import tokens
from directory.models import User
from tests.directory.world import make_world
from tests.tried import Count
from tests.webhooks.issuer import Issuer
from tests.webhooks.posting import post_now
from webhooks.intake import Intake

pytestmark = pytest.mark.control("W10")
BODIES = json.loads((Path(__file__).parents[1] / "data/hostile_bodies.json").read_text())


def spelled(entry: dict[str, Any]) -> bytes:
    """Return the body: pieces, each as often as it says, in the entry's encoding."""
    return "".join(text * times for text, times in entry["input"]).encode(entry["encoding"])


def unlike(told: dict[str, int], where: str) -> dict[str, tuple[int, int]]:
    """Return what was told and expected where they differ."""
    expected = {entry["name"]: entry["expected"][where] for entry in BODIES}
    return {name: (told[name], expected[name]) for name in expected if told[name] != expected[name]}


def test_the_intake_answers_as_said(intake: Intake, issuer: Issuer, tried: Count) -> None:
    token = issuer.token()
    answers = {
        entry["name"]: post_now(intake, spelled(entry), token, ("X-Microsoft-Skype-Message-ID", uuid.uuid4().hex))
        for entry in BODIES
    }
    told = {name: answer.status for name, answer in answers.items()}
    tried("body mutations", len(told))
    assert unlike(told, "intake") == {}


def test_an_action_answers_as_said(db: None, client: Client, tried: Count) -> None:
    world = make_world()
    rita: User = world.users["rita"]
    headers = {"Authorization": f"Bearer {tokens.issue(rita, 'odd', 1)}"}
    told = {}
    for entry in BODIES:
        path = f"/api/v1/calls/{world.call.pk}/claim/"
        answer = client.post(path, data=spelled(entry), content_type="application/json", headers=headers)
        told[entry["name"]] = answer.status_code
    tried("body mutations", len(told))
    assert unlike(told, "api") == {}
