"""The application's gauges: each shows what it was told last, and not for ever."""

import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

FRESH_SECONDS = 300.0


class ExpiringGauge(Collector):
    """One gauge. What nobody has told again for five minutes is no longer shown.

    A schedule's run goes to one of many gateways. The others would show for ever what a function
    told them once.
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
        self._told: dict[tuple[str, ...], tuple[float, float]] = {}

    def set(self, labels: tuple[str, ...], value: float) -> None:
        """Takes a value."""
        self._told[labels] = (value, self._stopwatch())

    def describe(self) -> Iterable[Metric]:
        """Its name alone; the registry refuses a second one of it."""
        yield self._family()

    def collect(self) -> Iterable[Metric]:
        """What was told lately."""
        family, oldest = self._family(), self._stopwatch() - FRESH_SECONDS
        for labels, (value, told_at) in self._told.items():
            if told_at >= oldest:
                family.add_metric(labels, value)
        yield family

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self._name, self._text, labels=self._labels)
