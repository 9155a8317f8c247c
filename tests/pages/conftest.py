"""Calls for the pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from calls.models import Call
from directory.models import User
from routing.models import Line
from tests.people import tenant_id

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MakeCall = Callable[..., Call]
SignIn = Callable[[User | None], Client]


@pytest.fixture
def make_call(db: None) -> MakeCall:
    """Return a function that makes calls, each a minute after the one before, ended unless told otherwise."""

    def make(line: Line | None, **changes: Any) -> Call:
        at = NOON + timedelta(minutes=Call.objects.count())
        fields: dict[str, Any] = {
            "tenant_id": tenant_id(),
            "graph_id": f"graph-{Call.objects.count()}",
            "direction": "incoming",
            "state": "terminated",
            "line": line,
            "caller_name": "Amara Okoye",
            "caller_phone": "+442079460018",
            "received_at": at,
            "last_seen_at": at,
            "outcome": "abandoned",
        } | changes
        if fields["state"] == "terminated":
            fields.setdefault("ended_at", fields["received_at"] + timedelta(seconds=9))
        else:
            fields["outcome"] = changes.get("outcome", "")
        return Call.objects.create(**fields)

    return make


@pytest.fixture
def sign_in(settings: Any) -> SignIn:
    """Return a function that gives the browser of somebody who is signed in, at the portal's own address."""

    def browser(user: User | None) -> Client:
        client = Client(SERVER_NAME=f"localhost:{settings.PORT}")
        if user is not None:
            client.force_login(user)
        return client

    return browser
