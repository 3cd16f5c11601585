"""Gauges of the application, which expire."""

import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

FRESH_SECONDS = 300.0


class ExpiringGauge(Collector):
    """A gauge whose values are shown for five minutes after they were set.

    A schedule runs on one of several hosts; the others would otherwise show an old value for ever.
    """

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._stopwatch = stopwatch
        self._values: dict[tuple[str, ...], tuple[float, float]] = {}

    def set(self, labels: tuple[str, ...], value: float) -> None:
        """Set a value."""
        self._values[labels] = (value, self._stopwatch())

    def describe(self) -> Iterable[Metric]:
        """Yield the name only; the registry rejects a second gauge of this name."""
        yield self._family()

    def collect(self) -> Iterable[Metric]:
        """Yield the values that were set in the last five minutes."""
        family, oldest = self._family(), self._stopwatch() - FRESH_SECONDS
        for labels, (value, set_at) in self._values.items():
            if set_at >= oldest:
                family.add_metric(labels, value)
        yield family

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self._name, self._text, labels=self._labels)
