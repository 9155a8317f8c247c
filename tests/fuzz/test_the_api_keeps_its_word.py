"""Whatever the OpenAPI document allows or forbids, asked by anybody: the answers are those that it describes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as effort
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from calls.models import Call
from commsportal.clock import now
from directory import tokens
from tests.directory.world import World, make_world
from tests.fuzz.conftest import EXAMPLES, SEED
from tests.tried import Count

PEOPLE = ("rita", "omar", "max", "una", "eve")
ABOUT_ONESELF = "GET /api/v1/me/"
STRANGERS = ("nobody", "stranger")
STATES = ("incoming", "established", "terminated", "none")
HOST = "http://localhost:8000"
ANSWERS = ["2xx", 401, 403, 404, 409, 422]  # to what the document allows
CONFIG = {
    "checks": {"positive_data_acceptance": {"expected-statuses": ANSWERS}},
    "generation": {"allow-x00": False},  # NUL is refused in any text, which the document does not repeat
}


def document() -> dict[str, Any]:
    """Return our own description of the API, but for credentials: those are the persons' business here."""
    told = SchemaGenerator().get_schema(request=None, public=True)
    del told["components"]["securitySchemes"]
    for verbs in told["paths"].values():
        for operation in verbs.values():
            del operation["security"]
    return told


@pytest.fixture(scope="module")
def schema() -> Any:
    """Return the document with the application behind it."""
    loaded = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_dict(CONFIG))
    loaded.app = WSGIHandler()
    return loaded


@pytest.fixture
def world(db: None, settings: Any) -> Iterator[World]:
    """Return one row of everything, in a transaction that outlives requests, with no allowance that runs out."""
    settings.API_REQUESTS_PER_MINUTE = 10**9
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield make_world()
    for signal in signals:
        signal.connect(close_old_connections)


def headers_of(world: World) -> dict[str, dict[str, str]]:
    """Return the credentials of each person, and what those have who are none."""
    known = {name: {"Authorization": f"Bearer {tokens.issue(world.users[name], 'fuzz')}"} for name in PEOPLE}
    return known | {"nobody": {}, "stranger": {"Authorization": "Bearer made-up"}}


def place(world: World, case: Any, state: str) -> None:
    """Name rows that there are, the call in a state of its own; not for the state "none", nor for a wrong path."""
    path = case.meta.components.get(ParameterLocation.PATH)
    if state == "none" or path is None or path.mode is GenerationMode.NEGATIVE:
        return
    over = now() if state == "terminated" else None
    Call.objects.filter(pk=world.call.pk).update(state=state, ended_at=over)
    known = {
        "call_id": world.call.pk,
        "operation_id": world.operation.pk,
        "person_id": world.rows["directory_person"].oid,
        "day": "2026-03-02",
        "meeting_id": world.rows["meetings_onlinemeeting"].pk,
    }
    case.path_parameters.update({name: str(known[name]) for name in case.path_parameters})


def cells() -> list[Any]:
    """Return each operation with what may be sent to it: the allowed and, if it takes anything, the rest."""
    told = document()["paths"]
    operations = [(f"{verb.upper()} {path}", told[path][verb]) for path in told for verb in told[path]]
    found = [(name, GenerationMode.POSITIVE) for name, _ in operations]
    found += [(name, GenerationMode.NEGATIVE) for name, takes in operations if takes.get("parameters")]
    return [pytest.param(name, mode, id=f"{mode.value} {name}") for name, mode in found]


@pytest.mark.parametrize(("label", "mode"), cells())
def test_answers_are_as_described(
    schema: Any, world: World, tally: Counter[int], tried: Count, label: str, mode: GenerationMode
) -> None:
    operation = schema.find_operation_by_label(label)
    headers = headers_of(world)

    @seed(SEED)
    @effort(
        max_examples=EXAMPLES,
        phases=[Phase.generate],  # what fails is printed as it was sent
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        who=st.sampled_from((*PEOPLE, *STRANGERS)),
        state=st.sampled_from(STATES),
    )
    def ask(case: Any, who: str, state: str) -> None:
        with transaction.atomic():
            place(world, case, state)
            if mode is GenerationMode.POSITIVE and case.query:
                case.query.pop("cursor", None)  # only a page before can name one
            answer = case.call(base_url=HOST, headers=headers[who])
            transaction.set_rollback(True)
        tally[answer.status_code] += 1
        tried("API requests")
        case.validate_response(answer)
        assert answer.status_code in (401, 404) or who not in STRANGERS
        assert answer.status_code in (403, 404) or who != "eve" or label == ABOUT_ONESELF

    ask()
