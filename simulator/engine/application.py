"""Who asks: an application with the rights of its token, and the calls that are its own."""

from dataclasses import dataclass

from simulator.engine import checks
from simulator.engine.checks import call_not_found
from simulator.engine.core import Engine
from simulator.engine.model import Call
from simulator.people import Person, Tenant


@dataclass(frozen=True)
class Application:
    """Say who is asking: what the verified access token holds."""

    tenant: Tenant
    app_id: str
    roles: frozenset[str]
    http_callbacks: bool = False
    person: Person | None = None  # who has signed in and asks through the application
    scopes: frozenset[str] = frozenset()

    def callback(self, uri: object) -> str:
        """Return a callback address that this application may name."""
        return checks.check_callback(uri, http_loopback=self.http_callbacks)


def own_call(engine: Engine, app: Application, call_id: str) -> Call:
    """Return a live call of the asking application; anybody else's is not found."""
    call = engine.find(call_id)
    if call is None or call.is_over or (call.tenant_id, call.app_id) != (app.tenant.id, app.app_id):
        raise call_not_found()
    return call
