"""What a process keeps in memory until somebody takes it: each kind has a bound and a length, told in `/metrics`.

Whoever keeps such things registers them. When nothing is asked and nothing is due, all lengths are nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from commsportal.figures import SHARED


@dataclass(frozen=True)
class Queue:
    """Things that wait: `length` of them now, never more than `bound`."""

    bound: int
    length: Callable[[], int]


_registered: dict[str, Queue] = {}


def register(name: str, bound: int, length: Callable[[], int]) -> Queue:
    """Have a queue told and return it; one that is made anew takes the place of the former of that name."""
    _registered[name] = queue = Queue(bound, length)
    return queue


def withdraw(name: str, queue: Queue) -> None:
    """Have a queue told no longer, unless another has taken its place."""
    if _registered.get(name) is queue:
        del _registered[name]


def lengths() -> dict[str, int]:
    """Return how much waits at present, by the names of the queues."""
    return {name: queue.length() for name, queue in sorted(_registered.items())}


class Queues(Collector):
    """The length and the bound of each queue of this process."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing: what there is comes with time."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at all queues."""
        length = GaugeMetricFamily("portal_queue_length", "What waits in memory", labels=["queue"])
        bound = GaugeMetricFamily("portal_queue_bound", "The most that may wait in memory", labels=["queue"])
        for name, queue in sorted(_registered.items()):
            length.add_metric([name], queue.length())
            bound.add_metric([name], queue.bound)
        yield length
        yield bound


SHARED.register(Queues())
