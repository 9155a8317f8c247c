"""What the tests of calls share: a scripted Graph, a clock to turn, a call that rings."""

from collections.abc import Callable

import pytest

from calls import commands
from calls.models import Call
from commsportal import worker
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.clock import Clock


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return Graph, reached through the product's own client."""
    made = Service()
    monkeypatch.setattr(conf, "client", made.client)
    return made


@pytest.fixture
def work() -> Callable[[], int]:
    """Return what does all that is due, as the worker would."""
    return worker.run_pending


@pytest.fixture
def ringing(service: Service, main: Line, clock: Clock) -> Call:
    """Return a call from a phone that rings on the main line."""
    graph_id = service.ring("main")
    worker.run_pending()
    return Call.objects.get(graph_id=graph_id)


@pytest.fixture
def live(ringing: Call, rita: User, service: Service, clock: Clock) -> Call:
    """Return a call that the bot has answered for rita a second ago; what that took is not among the requests."""
    _answer(ringing, rita, service)
    service.requests.clear()
    clock.forward(1)
    return ringing


@pytest.fixture
def another(main: Line, rita: User, service: Service, clock: Clock) -> Callable[[], Call]:
    """Return what has one more call come in on the main line and the bot answer it for rita."""

    def come() -> Call:
        graph_id = service.ring("main")
        worker.run_pending()
        call = Call.objects.get(graph_id=graph_id)
        _answer(call, rita, service)
        return call

    return come


def _answer(call: Call, user: User, service: Service) -> None:
    commands.answer(call.pk, user)
    worker.run_pending()
    service.states[call.graph_id] = "established"
    tell(call.graph_id, "updated", state("establishing"))
    tell(call.graph_id, "updated", state("established"))
    worker.run_pending()
