"""Deliveries made by hand, and a handler that notes what it is given."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from django.db import transaction

from commsportal import clock
from tests.webhooks.issuer import TENANT
from webhooks.handlers import Unacceptable
from webhooks.models import Delivery

_numbers = count(1)


def make(call: str, **fields: Any) -> Delivery:
    """Store a delivery about `call`, due now."""
    at = fields.pop("received_at", None) or clock.now()
    given = {"tenant_id": TENANT, "message_key": f"m-{next(_numbers)}", "index": 0, "body": "{}", "due_at": at}
    return Delivery.objects.create(call_key=call, received_at=at, **given | fields)


def shift(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Make it `at` wherever deliveries ask for the time."""
    for module in ("commsportal.due", "webhooks.deliveries", "commsportal.clock"):
        monkeypatch.setattr(f"{module}.now", lambda: at)


class Recorder:
    """A handler: fails on `poisons` and on what is to be `refused`, notes all else."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.done: list[int] = []
        self.poisons: set[int] = set()
        self.refused: set[int] = set()

    @property
    def seen(self) -> list[int]:
        return [pk for batch in self.batches for pk in batch]

    def __call__(self, rows: Sequence[Delivery]) -> None:
        assert transaction.get_connection().in_atomic_block
        ids = [row.pk for row in rows]
        self.batches.append(ids)
        if self.poisons & set(ids):
            raise ValueError("poison")
        if self.refused & set(ids):
            raise Unacceptable("another tenant's")
        self.done.extend(ids)
