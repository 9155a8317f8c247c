"""The portal with a live feed whose clock ticks faster, so that tests of silence need not wait for long."""

from commsportal.asgi import application  # sets Django up, so it goes first

from calls.live import hub  # isort: skip
from tests.live.pace import PACE, SOCKETS_PER_PERSON

hub.make = lambda: hub.Hub(hub.Pace(**PACE), hub.Limits(per_person=SOCKETS_PER_PERSON))

__all__ = ["application"]
