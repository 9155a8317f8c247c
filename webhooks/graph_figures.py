"""How Graph answers, and how old the tokens are by which it is asked: counted where it is asked."""

from collections.abc import Iterable, Iterator

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from commsportal.figures import SHARED
from graph import conf

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
SECONDS = Histogram(
    "portal_graph_seconds", "Graph, from request to answer", ["request"], buckets=BUCKETS, registry=SHARED
)
ANSWERS = Counter(
    "portal_graph_answers", "Answers of Graph; status 0: none came", ["request", "status"], registry=SHARED
)


def observe(method: str, template: str, status: int, seconds: float) -> None:
    """Count one exchange; `template` is the path with names in the place of ids."""
    request = f"{method} {template}"
    SECONDS.labels(request).observe(seconds)
    ANSWERS.labels(request, str(status)).inc()


class TokenFigures(Collector):
    """The oldest token in use, and the longest row of failures to get one."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing, so that registering asks nobody."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look at the tokens of all tenants; no figure names a tenant."""
        told = conf.token_statuses()
        ages = [token.age for token in told if token.age is not None]
        left = [token.expires_in for token in told if token.expires_in is not None]
        failures = [token.failures for token in told]
        for name, text, values in (
            ("portal_token_age_seconds", "Age of the oldest token for Graph", ages),
            (
                "portal_token_past_its_end_seconds",
                "Time past a token's end; good below 0",
                [-one for one in left],
            ),
            ("portal_token_failures", "Failures in a row to get a token", failures),
        ):
            found = GaugeMetricFamily(name, text)
            if values:
                found.add_metric([], max(values))
            yield found
