"""Whether a call could be taken now, as far as Microsoft is concerned, and how deliveries stand."""

import logging
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from commsportal.clock import now
from graph import conf
from webhooks.models import Delivery

APPLIED_LATELY = 100

logger = logging.getLogger(__name__)


def missing() -> str:
    """Tell what is cold: tokens by which we ask Graph, keys by which we know it; nothing without a tenant."""
    if not settings.GRAPH_TENANT_IDS:
        return ""
    warm = {token.tenant_id for token in conf.token_statuses() if (token.expires_in or 0) > 0}
    cold = [f"no token for tenant {tenant}" for tenant in settings.GRAPH_TENANT_IDS if tenant.lower() not in warm]
    if not any(document["keys"] for document in conf.key_statuses()):
        cold.append("no signing keys")
    return "; ".join(cold)


class DeliveryFigures(Collector):
    """Deliveries by status, and how long the latest took from receipt to being applied."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask the database; without one there are no figures."""
        try:
            yield from (_unfinished(), _lag())
        except DatabaseError as error:
            logger.warning("no figures of deliveries: %s", error)
            connection.close()


def _unfinished() -> GaugeMetricFamily:
    found = GaugeMetricFamily("portal_deliveries", "Deliveries that are not applied", labels=["status"])
    rows = Delivery.objects.exclude(status=Delivery.Status.APPLIED)
    counts = dict(rows.values_list("status").annotate(n=Count("pk")).order_by())
    for status in (Delivery.Status.PENDING, Delivery.Status.DEAD):
        found.add_metric([status.value], counts.get(status.value, 0))
    return found


def _lag() -> GaugeMetricFamily:
    found = GaugeMetricFamily("portal_apply_lag_seconds", "Latest deliveries, receipt to applied", labels=["of"])
    rows = Delivery.objects.filter(status=Delivery.Status.APPLIED).order_by("-pk")[:APPLIED_LATELY]
    lags = sorted((row.applied_at - row.received_at).total_seconds() for row in rows if row.applied_at)
    if lags:
        found.add_metric(["median"], lags[len(lags) // 2])
        found.add_metric(["worst"], lags[-1])
    waiting = Delivery.objects.filter(status=Delivery.Status.PENDING).order_by("received_at").first()
    found.add_metric(["oldest waiting"], (now() - waiting.received_at).total_seconds() if waiting else 0.0)
    return found
