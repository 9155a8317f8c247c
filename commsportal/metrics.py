"""`/metrics` for Prometheus: what this process counts, and how the work in the database stands."""

import logging
from collections.abc import Iterable, Iterator

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.models import Count, Max, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from commsportal.clock import now
from commsportal.due import Due
from commsportal.health import may_see_details
from commsportal.models import Beat

logger = logging.getLogger(__name__)


class DueWork(Collector):
    """How many rows of each kind are unfinished, and how late the oldest due one is."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database; without one there are no figures."""
        try:
            yield from self._collect()
        except DatabaseError as error:
            logger.warning("no figures from the database: %s", error)
            connection.close()

    def _collect(self) -> Iterator[GaugeMetricFamily]:
        rows = GaugeMetricFamily("portal_due_rows", "Unfinished rows", labels=["kind"])
        late = GaugeMetricFamily("portal_oldest_due_seconds", "Lateness of the oldest due row", labels=["kind"])
        at = now()
        for model in Due.__subclasses__():
            kind = model._meta.label_lower
            unfinished = model._default_manager.filter(due_at__isnull=False)
            count, oldest = unfinished.aggregate(n=Count("pk"), at=Min("due_at")).values()
            rows.add_metric([kind], count)
            late.add_metric([kind], max(0.0, (at - oldest).total_seconds()) if oldest else 0.0)
        yield rows
        yield late
        beats = GaugeMetricFamily("portal_last_sign_of_life_seconds", "Age of the latest beat", labels=["kind"])
        for kind, latest in Beat.objects.values_list("kind").annotate(latest=Max("at")):
            beats.add_metric([kind], (at - latest).total_seconds())
        yield beats


def register(collector: Collector) -> None:
    """Have `collector` asked with every look at `/metrics`."""
    REGISTRY.register(collector)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer figures to whoever may see details."""
    if not may_see_details(request):
        return JsonResponse({"status": "forbidden"}, status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
