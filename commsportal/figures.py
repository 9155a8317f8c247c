"""Figures of processes that answer no `/metrics`: they go with their signs of life, and web processes tell them.

A worker counts in `SHARED`; its beat carries a snapshot. What several processes counted is added up, of gauges the
largest counts. When a worker ends, its part ends with it, which Prometheus takes for a counter that started anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

SHARED: Final = CollectorRegistry()
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def snapshot() -> str:
    """Return what this process has counted, as text for `merged`."""
    return orjson.dumps([_plain(family) for family in SHARED.collect()]).decode()


def merged(snapshots: Iterable[str]) -> list[Metric]:
    """Return the figures of several processes as one."""
    heads: dict[str, Sequence[str]] = {}
    samples: dict[str, Samples] = {}
    for text in snapshots:
        for name, documentation, kind, told in orjson.loads(text or "[]"):
            heads[name] = (name, documentation, kind)
            for sample, labels, value in told:
                _add(samples.setdefault(name, {}), kind, (sample, tuple(sorted(labels.items()))), value)
    return [_metric(head, samples.get(name, {})) for name, head in heads.items()]


def _plain(family: Metric) -> list[Any]:
    told = [[one.name, one.labels, one.value] for one in family.samples if not one.name.endswith("_created")]
    return [family.name, family.documentation, family.type, told]


def _add(samples: Samples, kind: str, key: tuple[str, tuple[tuple[str, str], ...]], value: float) -> None:
    if kind == "gauge":
        samples[key] = max(value, samples.get(key, value))
    else:
        samples[key] = value + samples.get(key, 0.0)


def _metric(head: Sequence[str], samples: Samples) -> Metric:
    metric = Metric(*head)
    for (name, labels), value in samples.items():
        metric.add_sample(name, dict(labels), value)
    return metric


class EveryProcess(Collector):
    """What this process and all workers that are alive have counted."""

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the database for the others; without one there are only this process's own figures."""
        from commsportal.health import told_by_workers

        yield from merged([snapshot(), *told_by_workers()])
