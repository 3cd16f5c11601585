"""Parse lines in CloudWatch's Embedded Metric Format into data points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson


class NotMetrics(ValueError):
    """Raised if a line is not valid EMF."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric; dimensions are in alphabetical order."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    value: float


def points_of(line: bytes) -> list[Point]:
    """Return the data points of a line for its largest dimension set; the others are sums.

    Raises:
        NotMetrics: The line is not valid EMF.
    """
    try:
        return list(_points(orjson.loads(line)))
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotMetrics(str(error)) from error


def _points(fields: dict[str, object]) -> Iterator[Point]:
    head = fields["_aws"]
    if not isinstance(head, dict):
        raise NotMetrics("_aws is not a mapping")
    for directive in head["CloudWatchMetrics"]:
        sets: list[list[str]] = directive.get("Dimensions") or [[]]
        names = max((sorted(names) for names in sets), key=lambda names: (len(names), names))
        dimensions = tuple((name, str(fields[name])) for name in names)
        for metric in directive["Metrics"]:
            found = fields[metric["Name"]]
            values = found if isinstance(found, list) else [found]
            for value in values:
                yield Point(
                    directive["Namespace"],
                    metric["Name"],
                    metric.get("Unit", "None"),
                    dimensions,
                    _number(value),
                )


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise NotMetrics(f"{value!r} is not a number")
    return float(value)
