"""The environments of all functions of a stack."""

import asyncio
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from groundwork_lambda_host.environments.environment import Environment
from groundwork_lambda_host.environments.invocation import Invocation
from groundwork_lambda_host.environments.limits import Limits
from groundwork_lambda_host.environments.output import Output, Sink, to_stdout
from groundwork_lambda_host.environments.pool import Event, Pool
from groundwork_lambda_host.environments.variables import environment_variables
from groundwork_lambda_host.places import NO_CALLER, Place
from groundwork_lambda_host.telemetry.spans import Spans
from groundwork_lambda_host.telemetry.stats import FunctionStats
from groundwork_lambda_host.template import Function, Stack

_REAP_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EnvironmentContext:
    """Variables and outputs that the host gives to environments.

    Attributes:
        shared: Variables of every environment (see `variables.passed_on`).
        socket: Additional variables for functions with WEBSOCKET_ENDPOINT.
        sink: Called with each log line.
        metrics: Called with each metric line (EMF).
    """

    shared: Mapping[str, str] = field(default_factory=dict)
    socket: Mapping[str, str] = field(default_factory=dict, repr=False)
    sink: Sink = to_stdout
    metrics: Sink = lambda _line: None


class Fleet:
    """The pools of all functions, by logical id.

    Args:
        stack: The stack of the template.
        limits: Limits of each pool. Functions that serve callers may have twice as many
            environments, because one caller keeps at most half of them busy. `most` is lower if
            the template says so.
        context: Variables and outputs of the environments.
        spans: Collects a span for each event; None collects none.
    """

    def __init__(
        self, stack: Stack, limits: Limits, context: EnvironmentContext, spans: Spans | None = None
    ) -> None:
        self._region = stack.region
        self._context = context
        # Starting more at once than there are processors would only delay the first.
        gate = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        self.pools: dict[str, Pool] = {}
        serving = {route.function for route in stack.routes} | set(stack.socket_routes.values())
        # Functions that serve callers start first.
        for name in sorted(stack.functions, key=lambda name: name not in serving):
            function = stack.functions[name]
            most = limits.most * 2 if name in serving else limits.most
            pool_limits = replace(limits, most=most_of(stack, function, most))
            self.pools[name] = Pool(
                function, pool_limits, FunctionStats(), self._launch, gate, spans
            )
        self._reaper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the minimum environments of all pools; failures of one do not affect others."""
        self._reaper = asyncio.create_task(self._reap())
        await asyncio.gather(*(pool.start() for pool in self.pools.values()))

    async def invoke(
        self,
        function: str,
        event: Event,
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
        trace: str = "",
    ) -> Invocation:
        """Invoke the function of that logical id (see `Pool.invoke`)."""
        pool = self.pools[function]
        return await pool.invoke(event, deadline_seconds=deadline_seconds, place=place, trace=trace)

    async def swap(self) -> None:
        """Replace all environments with new ones, as after a deployment."""
        await asyncio.gather(*(pool.swap() for pool in self.pools.values()))

    def hasten(self, functions: Collection[str]) -> None:
        """Reduce the remaining time that running events of some functions (logical ids) see."""
        for pool in self.pools.values():
            if pool.function.logical_id in functions:
                pool.hasten()

    async def drain(self, seconds: float) -> None:
        """Finish running and waiting events, then stop every environment."""
        if self._reaper is not None:
            self._reaper.cancel()
            await asyncio.wait({self._reaper})
        await asyncio.gather(*(pool.drain(seconds) for pool in self.pools.values()))

    def _launch(self, pool: Pool) -> tuple[Environment, Mapping[str, str]]:
        function, context = pool.function, self._context
        output = Output(function.name, context.sink, context.metrics)
        shared = dict(context.shared)
        if "WEBSOCKET_ENDPOINT" in function.environment:
            shared |= context.socket
        return Environment(function, pool, output), environment_variables(
            function, self._region, shared
        )

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(_REAP_EVERY_SECONDS)
            for pool in self.pools.values():
                pool.reap()


def most_of(stack: Stack, function: Function, most: int) -> int:
    """Return the maximum number of environments of a function: the host's, or the template's.

    A function that mostly waits may have several times as many (`environment_factor`).
    """
    most *= function.environment_factor
    asked = [
        mapping.max_concurrency
        for mapping in stack.queue_mappings
        if mapping.function == function.logical_id and mapping.max_concurrency is not None
    ]
    if function.max_environments is not None:
        asked.append(function.max_environments)
    return max(1, min([most, *asked]))
