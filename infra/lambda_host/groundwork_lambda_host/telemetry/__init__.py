"""Metrics of the host and of functions, for Prometheus."""

from groundwork_lambda_host.telemetry.page import MetricsPage
from groundwork_lambda_host.telemetry.registry import Telemetry
from groundwork_lambda_host.telemetry.stats import FunctionStats

__all__ = ["FunctionStats", "MetricsPage", "Telemetry"]
