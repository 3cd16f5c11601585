"""Execution environments: processes that run a handler, one event at a time, as on Lambda."""

from groundwork_lambda_host.environments.fleet import Fleet
from groundwork_lambda_host.environments.invocation import HttpAnswer, Invocation, LambdaError
from groundwork_lambda_host.environments.pool import Limits, Pool
from groundwork_lambda_host.invoking import Throttled

__all__ = ["Fleet", "HttpAnswer", "Invocation", "LambdaError", "Limits", "Pool", "Throttled"]
