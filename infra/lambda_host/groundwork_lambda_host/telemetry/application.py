"""Convert the functions' EMF lines to Prometheus counters, histograms and gauges."""

import logging
import re

from prometheus_client import CollectorRegistry, Counter, Histogram

from groundwork_lambda_host.telemetry.emf import NotMetrics, Point, points_of
from groundwork_lambda_host.telemetry.gauges import ExpiringGauge
from groundwork_lambda_host.telemetry.stats import BUCKETS_SECONDS

_log = logging.getLogger(__name__)
_TO_SECONDS = {"Seconds": 1.0, "Milliseconds": 1e-3, "Microseconds": 1e-6}
_TO_BYTES = {"Bytes": 1.0, "Kilobytes": 1024.0, "Megabytes": 1024.0**2}
_BUCKETS_LONG = (*BUCKETS_SECONDS, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
"""Buckets of the metrics that functions log in seconds; some of them measure hours."""
_BUCKETS_BYTES = tuple(float(4**power) for power in range(4, 14))
_MAX_SERIES = 1000

Metric = Counter | Histogram | ExpiringGauge


class ApplicationMetrics:
    """Collects EMF lines. The unit of a metric decides its kind, its first line its labels.

    A metric is limited to a thousand combinations of labels: otherwise an id among its dimensions
    would fill the memory of the host and of Prometheus.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._metrics: dict[str, tuple[Metric, tuple[str, ...]]] = {}
        self._series: dict[str, set[tuple[str, ...]]] = {}
        self._refused = Counter(
            "groundwork_metric_lines_refused",
            "EMF lines that could not be read, or with too many combinations of labels.",
            registry=registry,
        )

    def take(self, line: bytes) -> None:
        """Record the metrics of a line; count an invalid line. Never raises."""
        try:
            for point in points_of(line):
                self._record(point)
        except NotMetrics as error:
            self._refused.inc()
            _log.warning("a metric line was rejected: %s", error)

    def _record(self, point: Point) -> None:
        key = _name(point)
        if key not in self._metrics:
            self._metrics[key] = self._make(key, point)
            self._series[key] = set()
        metric, names = self._metrics[key]
        given = {_label(name): value for name, value in point.dimensions}
        values = tuple(given.get(name, "") for name in names)
        known = self._series[key]
        if values not in known:
            if len(known) >= _MAX_SERIES:
                raise NotMetrics(f"{point.name} has too many combinations of dimensions")
            known.add(values)
        if isinstance(metric, ExpiringGauge):
            metric.set(values, point.value)
            return
        child = metric.labels(*values) if names else metric
        if isinstance(child, Counter):
            child.inc(max(0.0, point.value))
        else:
            child.observe(point.value * (_TO_SECONDS | _TO_BYTES)[point.unit])

    def _make(self, name: str, point: Point) -> tuple[Metric, tuple[str, ...]]:
        labels = tuple(_label(dimension) for dimension, _ in point.dimensions)
        text = f"{point.name} ({point.namespace}), emitted by the application."
        try:
            if point.unit == "Count":
                return Counter(name, text, labels, registry=self._registry), labels
            if point.unit in _TO_SECONDS:
                buckets = _BUCKETS_LONG if point.unit == "Seconds" else BUCKETS_SECONDS
                made = Histogram(name, text, labels, registry=self._registry, buckets=buckets)
                return made, labels
            if point.unit in _TO_BYTES:
                made = Histogram(
                    name, text, labels, registry=self._registry, buckets=_BUCKETS_BYTES
                )
                return made, labels
            return self._gauge(name, text, labels), labels
        except ValueError as error:
            raise NotMetrics(f"{point.name}: {error}") from error

    def _gauge(self, name: str, text: str, labels: tuple[str, ...]) -> ExpiringGauge:
        gauge = ExpiringGauge(name, text, labels)
        self._registry.register(gauge)
        return gauge


def _name(point: Point) -> str:
    base = f"{_snake(point.namespace)}_{_snake(point.name)}"
    for unit, table in (("seconds", _TO_SECONDS), ("bytes", _TO_BYTES)):
        if point.unit in table and not base.endswith(f"_{unit}"):
            return f"{base.removesuffix('_milliseconds')}_{unit}"
    return base


def _label(name: str) -> str:
    # Prometheus reserves `le` and names that begin with two underscores.
    made = _snake(name).lstrip("_")
    return f"{made}_" if made in {"le", "quantile"} else made


def _snake(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    cleaned = re.sub(r"[^a-zA-Z0-9]+", "_", spaced).strip("_").lower()
    return f"_{cleaned}" if cleaned[:1].isdigit() else cleaned
