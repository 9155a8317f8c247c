"""What is told of a process's live feed: its sockets, those it has ended, and what waits in memory."""

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge

from calls.live.feed import QUEUE_MESSAGES
from commsportal import queues

if TYPE_CHECKING:
    from calls.live.hub import Hub

UNRESPONSIVE: Final = 4008
REFUSED: Final = 4403
WHY: Final = {UNRESPONSIVE: "stalled", REFUSED: "refused"}
SOCKETS = Gauge("portal_sockets", "Web sockets that are open")
CLOSED = Counter("portal_sockets_closed", "Web sockets that the portal has ended", ["why"])


def tell(hub: "Hub") -> None:
    """Let figures be those of `hub` from now on."""
    most = hub.limits.per_process
    SOCKETS.set_function(lambda: len(hub.feeds))
    queues.register("handshakes", most, lambda: hub.knocking)
    queues.register(
        "messages to sockets", most * QUEUE_MESSAGES, lambda: sum(feed.waiting for feed in list(hub.feeds))
    )
    queues.register("claims to renew", most, lambda: len(hub.renewals))


def count_end(code: int) -> None:
    """Count a socket that is ended with `code`."""
    CLOSED.labels(WHY.get(code, "other")).inc()
