"""The portal with a live feed whose clock ticks faster, so that tests of silence need not wait for long."""

from collections.abc import Callable
from functools import partial

from commsportal.asgi import application  # sets Django up, so it goes first

from calls.live import hub  # isort: skip

PACE = hub.Pace(tick=0.05, heartbeat=0.5, heartbeat_with_claim=0.2, silence=3.0, renewal=0.1, review=0.5)
LIMITS = hub.Limits(per_person=5, per_process=200)

quick: Callable[[], hub.Hub] = partial(hub.Hub, PACE, LIMITS)
hub.make = quick

__all__ = ["application"]
