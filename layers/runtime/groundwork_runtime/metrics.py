"""Metrics as CloudWatch's Embedded Metric Format: a log line that is also a data point.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
CloudWatch reads it from the log; our host converts the same lines to Prometheus metrics.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Literal

NAMESPACE = "Groundwork"
Unit = Literal["Count", "Seconds", "Milliseconds", "Bytes", "None"]


def emit(name: str, value: float, unit: Unit = "Count", **dimensions: str) -> None:
    """Write one data point. `dimensions` must have few different values (never an id)."""
    line = {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [sorted(dimensions)],
                    "Metrics": [{"Name": name, "Unit": unit}],
                }
            ],
        },
        **dimensions,
        name: value,
    }
    sys.stdout.write(json.dumps(line) + "\n")
