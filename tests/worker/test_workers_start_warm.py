"""A worker fetches tokens and keys before it looks for work, so that the first call finds nothing cold."""

import os
import signal
from collections.abc import Iterator

import pytest
from django.core.management import call_command

from commsportal.management.commands import worker as command
from commsportal.worker import Worker


@pytest.fixture
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers_as_before")
def test_it_warms_up_before_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def start(worker: Worker) -> None:
        done.append("work")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(command, "warm_up", lambda: done.append("warm"))
    monkeypatch.setattr(Worker, "start", start)
    monkeypatch.setattr(Worker, "stop", lambda worker: True)
    call_command("worker")
    assert done == ["warm", "work"]
