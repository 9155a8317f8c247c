"""How much of what Microsoft allows one application is used: calls at a time, and calls a month (REFERENCE 17)."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import DatabaseError, connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from calls.models import Call
from commsportal.clock import now

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100
A_MONTH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls that are on, and those since the month began (UTC); both legs of a bridged call count."""

    at_once: int
    this_month: int
    since: datetime


def used() -> Budget:
    """Count the calls that Microsoft has given a name."""
    since = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    named = Call.objects.exclude(graph_id="")
    return Budget(named.live().count(), named.filter(received_at__gte=since).count(), since)


class BudgetFigures(Collector):
    """Calls in use, and what is allowed."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database; without one there are no figures."""
        try:
            budget = used()
        except DatabaseError as error:
            logger.warning("no figures of the budget: %s", error)
            connection.close()
            return
        in_use = GaugeMetricFamily("portal_calls_used", "Calls of Microsoft's budget", labels=["of"])
        allowed = GaugeMetricFamily("portal_calls_allowed", "Calls that Microsoft allows", labels=["of"])
        for of, count, most in (("at once", budget.at_once, AT_ONCE), ("month", budget.this_month, A_MONTH)):
            in_use.add_metric([of], count)
            allowed.add_metric([of], most)
        yield in_use
        yield allowed
