"""Execution environments: one process each, one event at a time, as Lambda runs handlers."""

from groundwork_lambda_host.environments.fleet import Fleet
from groundwork_lambda_host.environments.invocation import Fault, HttpAnswer, Invocation
from groundwork_lambda_host.environments.pool import Limits, Pool
from groundwork_lambda_host.invoking import Throttled

__all__ = ["Fault", "Fleet", "HttpAnswer", "Invocation", "Limits", "Pool", "Throttled"]
