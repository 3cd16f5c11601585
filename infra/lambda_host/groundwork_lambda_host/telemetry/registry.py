"""All metrics that /metrics shows."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from groundwork_lambda_host.telemetry.application import ApplicationMetrics
from groundwork_lambda_host.telemetry.stats import BUCKETS_SECONDS, Durations, FunctionStats


class PoolView(Protocol):
    """The measured properties of a function's environments."""

    @property
    def stats(self) -> FunctionStats:
        """Counters of the function."""

    @property
    def size(self) -> int:
        """Number of environments."""

    @property
    def busy(self) -> int:
        """Number of environments that run an event."""

    @property
    def waiting(self) -> int:
        """Number of events that wait for an environment."""


class GatewayView(Protocol):
    """The measured properties of the gateway."""

    @property
    def responses(self) -> list[int]:
        """Number of responses by status."""

    @property
    def durations(self) -> Durations:
        """Durations of functions' responses."""


class Telemetry:
    """The host's metrics.

    Attributes:
        registry: The registry that Prometheus scrapes.
        application: Collects the EMF lines of functions.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.application = ApplicationMetrics(self.registry)
        self._sockets = Gauge(
            "groundwork_sockets", "Open WebSockets of this gateway.", registry=self.registry
        )
        self._depth = Gauge(
            "groundwork_queue_messages",
            "Approximate number of messages in a queue, as its service reports.",
            ("queue", "state"),
            registry=self.registry,
        )
        self._age = Gauge(
            "groundwork_queue_oldest_seconds",
            "Age of the oldest message that was seen waiting.",
            ("queue",),
            registry=self.registry,
        )
        self._spans = Counter(
            "groundwork_spans",
            "Spans, by what became of them: sent to Zipkin, refused by it, or dropped.",
            ("result",),
            registry=self.registry,
        )

    def spans(self, result: str, count: int) -> None:
        """Count spans by what became of them: sent, refused or dropped."""
        self._spans.labels(result).inc(count)

    def watch(self, pools: Mapping[str, PoolView], gateway: GatewayView) -> None:
        """Add the metrics of the pools and the gateway."""
        self.registry.register(_Host(pools, gateway))

    def sockets(self, count: int) -> None:
        """Set the number of open WebSockets."""
        self._sockets.set(count)

    def queue(self, queue: str, messages: Mapping[str, int], oldest_seconds: float) -> None:
        """Set the messages of a queue by state (visible, in_flight, delayed) and the oldest age."""
        for state, count in messages.items():
            self._depth.labels(queue, state).set(count)
        self._age.labels(queue).set(oldest_seconds)


class _Host(Collector):
    """Reads the counters of the hot path at each scrape."""

    def __init__(self, pools: Mapping[str, PoolView], gateway: GatewayView) -> None:
        self._pools = pools
        self._gateway = gateway

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of the host itself."""
        yield from self._counters()
        yield from self._durations()
        environments = GaugeMetricFamily(
            "groundwork_environments", "Environments of a function.", labels=("function", "state")
        )
        waiting = GaugeMetricFamily(
            "groundwork_function_waiting",
            "Events that wait for an environment.",
            labels=("function",),
        )
        for name, pool in self._pools.items():
            environments.add_metric((name, "busy"), pool.busy)
            environments.add_metric((name, "idle"), pool.size - pool.busy)
            waiting.add_metric((name,), pool.waiting)
        yield environments
        yield waiting
        responses = CounterMetricFamily(
            "groundwork_gateway_answers", "HTTP responses, by status.", labels=("status",)
        )
        for status, count in enumerate(self._gateway.responses):
            if count:
                responses.add_metric((str(status),), count)
        yield responses

    def _counters(self) -> Iterable[Metric]:
        counters = {
            "invocations": "Events that ended, with or without an error.",
            "errors": "Events that ended in an error.",
            "throttles": "Events that were rejected because too many waited.",
            "cold_starts": "Events that were the first of their environment.",
            "failed_starts": "Environments that could not be started.",
        }
        for field, text in counters.items():
            family = CounterMetricFamily(f"groundwork_function_{field}", text, labels=("function",))
            for name, pool in self._pools.items():
                family.add_metric((name,), getattr(pool.stats, field))
            yield family

    def _durations(self) -> Iterable[Metric]:
        functions = HistogramMetricFamily(
            "groundwork_function_duration_seconds",
            "How long handlers ran.",
            labels=("function",),
        )
        for name, pool in self._pools.items():
            _add(functions, (name,), pool.stats.durations)
        yield functions
        gateway = HistogramMetricFamily(
            "groundwork_gateway_duration_seconds",
            "Time from a complete request to its response, including the wait for an environment.",
            labels=(),
        )
        _add(gateway, (), self._gateway.durations)
        yield gateway


def _add(family: HistogramMetricFamily, labels: Sequence[str], durations: Durations) -> None:
    bounds = [*(str(bound) for bound in BUCKETS_SECONDS), "+Inf"]
    counts = zip(bounds, accumulate(durations.buckets), strict=True)
    family.add_metric(labels, list(counts), sum_value=durations.seconds)
