"""Execution environments: processes that run a handler, one event at a time, as on Lambda."""

from groundwork_lambda_host.environments.fleet import Fleet
from groundwork_lambda_host.environments.invocation import Invocation, LambdaError, ResponseHead
from groundwork_lambda_host.environments.limits import Limits
from groundwork_lambda_host.environments.pool import Pool
from groundwork_lambda_host.invoking import Throttled

__all__ = ["Fleet", "Invocation", "LambdaError", "Limits", "Pool", "ResponseHead", "Throttled"]
