"""All environments of a stack."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from groundwork_lambda_host.environments.environment import Environment
from groundwork_lambda_host.environments.invocation import Invocation
from groundwork_lambda_host.environments.output import Output, Sink, to_stdout
from groundwork_lambda_host.environments.pool import Event, Limits, Pool
from groundwork_lambda_host.environments.variables import of_child
from groundwork_lambda_host.places import NO_CALLER, Place
from groundwork_lambda_host.telemetry.stats import FunctionStats
from groundwork_lambda_host.template import Function, Stack

_REAP_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EnvironmentContext:
    """What environments get from the host.

    Attributes:
        shared: Variables that every child gets (see `variables.passed_on`).
        socket: Further variables for functions that are given WEBSOCKET_ENDPOINT.
        sink: Takes their log lines.
        metrics: Takes their metric lines (EMF).
    """

    shared: Mapping[str, str] = field(default_factory=dict)
    socket: Mapping[str, str] = field(default_factory=dict, repr=False)
    sink: Sink = to_stdout
    metrics: Sink = lambda _line: None


class Fleet:
    """The pools of all functions, by logical id.

    Args:
        stack: What the template says.
        limits: Bounds for each pool. Functions that answer callers may have twice as many
            environments, for one caller keeps at most half of them busy. `most` is lowered where
            the template asks for fewer.
        surroundings: What environments get from the host.
    """

    def __init__(self, stack: Stack, limits: Limits, surroundings: EnvironmentContext) -> None:
        self._region = stack.region
        self._surroundings = surroundings
        # More starting at once than there are processors only delays the first.
        gate = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        self.pools: dict[str, Pool] = {}
        answering = {route.function for route in stack.routes} | set(stack.socket_routes.values())
        # Those that answer come first: they are waited for.
        for name in sorted(stack.functions, key=lambda name: name not in answering):
            function = stack.functions[name]
            most = limits.most * 2 if name in answering else limits.most
            its = replace(limits, most=most_of(stack, function, most))
            self.pools[name] = Pool(function, its, FunctionStats(), self._launch, gate)
        self._reaper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts what is kept ahead and waits for it; a function that fails stops no other."""
        self._reaper = asyncio.create_task(self._reap())
        await asyncio.gather(*(pool.start() for pool in self.pools.values()))

    async def invoke(
        self,
        function: str,
        event: Event,
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
    ) -> Invocation:
        """Runs an event in the function of that logical id (see `Pool.invoke`)."""
        pool = self.pools[function]
        return await pool.invoke(event, deadline_seconds=deadline_seconds, place=place)

    async def swap(self) -> None:
        """Replaces all environments with fresh ones, as after a deployment."""
        await asyncio.gather(*(pool.swap() for pool in self.pools.values()))

    async def drain(self, seconds: float) -> None:
        """Finishes what runs and waits, then stops every environment."""
        if self._reaper is not None:
            self._reaper.cancel()
            await asyncio.wait({self._reaper})
        await asyncio.gather(*(pool.drain(seconds) for pool in self.pools.values()))

    def _launch(self, pool: Pool) -> tuple[Environment, Mapping[str, str]]:
        function, around = pool.function, self._surroundings
        output = Output(function.name, around.sink, around.metrics)
        shared = dict(around.shared)
        if "WEBSOCKET_ENDPOINT" in function.environment:
            shared |= around.socket
        return Environment(function, pool, output), of_child(function, self._region, shared)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(_REAP_EVERY_SECONDS)
            for pool in self.pools.values():
                pool.reap()


def most_of(stack: Stack, function: Function, most: int) -> int:
    """How many environments a function may have: the host's bound, or fewer by the template."""
    asked = [
        mapping.max_concurrency
        for mapping in stack.queue_mappings
        if mapping.function == function.logical_id and mapping.max_concurrency is not None
    ]
    if function.max_environments is not None:
        asked.append(function.max_environments)
    return max(1, min([most, *asked]))
