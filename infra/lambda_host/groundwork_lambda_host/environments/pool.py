"""The environments of one function, and the line of events that wait for one."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

import orjson

from groundwork_lambda_host.environments.environment import Environment, StartFailed
from groundwork_lambda_host.environments.invocation import Call, Fault, Invocation
from groundwork_lambda_host.environments.tracing import new_request_id, new_trace
from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.telemetry.stats import FunctionStats
from groundwork_lambda_host.template import Function

_log = logging.getLogger(__name__)
_LONGEST_BACKOFF_SECONDS = 30.0
_SHORTEST_BACKOFF_SECONDS = 0.25
Event = Mapping[str, object] | bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How many environments a pool keeps, and how much waits for them.

    Attributes:
        least: Started ahead and kept.
        most: Never more at once.
        wait_line: Events that may wait; one more is Throttled.
        idle_seconds: A spare environment that did nothing for so long is stopped.
        init_seconds: Importing the handler may take this long.
    """

    least: int = 1
    most: int = 2
    wait_line: int = 2048
    idle_seconds: float = 300.0
    init_seconds: float = 30.0


class Pool:
    """Runs the events of one function.

    Args:
        function: The function.
        limits: How many environments and how long a line.
        stats: Counts what happens.
        launch: Makes an environment (not yet started) and its variables.
        gate: How many environments of the whole host may be starting at once.
    """

    def __init__(
        self,
        function: Function,
        limits: Limits,
        stats: FunctionStats,
        launch: "Callable[[Pool], tuple[Environment, Mapping[str, str]]]",
        gate: asyncio.Semaphore,
    ) -> None:
        self.function = function
        self.limits = limits
        self.stats = stats
        self._launch = launch
        self._gate = gate
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()
        self._processes: set[Environment] = set()
        self._waiting: deque[Call] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._failures = 0
        self._last_fault: Fault | None = None
        self._draining = False
        self._loop = asyncio.get_running_loop()

    # ── what callers use ──

    async def start(self) -> None:
        """Starts the environments that are kept ahead; a failure is logged, counted, retried."""
        missing = self.limits.least - self._alive
        await asyncio.gather(*(self._grow() for _ in range(missing)))

    async def invoke(self, event: Event, *, deadline_seconds: float | None = None) -> Invocation:
        """Runs one event and gives its outcome; a handler's exception is an outcome too.

        Args:
            event: The event; bytes are taken as its JSON.
            deadline_seconds: How long the caller waits, the wait for an environment included.
                The handler goes on beyond it, up to the function's own timeout.

        Raises:
            Throttled: All environments are busy and the line is full.
            TimeoutError: The deadline is over.
        """
        future: asyncio.Future[Invocation] = self._loop.create_future()

        def ended(outcome: Invocation | None) -> None:
            if future.done():
                return
            if outcome is None:
                future.set_exception(TimeoutError())
            else:
                future.set_result(outcome)

        json = event if isinstance(event, bytes) else orjson.dumps(event)
        call = Call(json, new_request_id(), new_trace(), "json", ended)
        self.submit(call, deadline_seconds)
        try:
            return await future
        except asyncio.CancelledError:
            call.over = True
            raise

    def submit(self, call: Call, deadline_seconds: float | None) -> None:
        """Like `invoke`, for callers that have no task: the call's `on_end` hears the outcome.

        Raises:
            Throttled: All environments are busy and the line is full.
        """
        if not self._idle:
            self._queue(call, deadline_seconds)
            return
        self._idle.pop().take(call)
        if deadline_seconds is not None and deadline_seconds < self.function.timeout_seconds:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)

    async def drain(self, seconds: float) -> None:
        """Finishes what runs and waits, for at most so long, then stops all environments."""
        self._draining = True
        end = self._loop.time() + seconds
        while (self.busy or self._waiting) and self._loop.time() < end:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        for task in list(self._tasks):
            task.cancel()
        while self._waiting:
            self._waiting.popleft().end(error=_GOING)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(one.stop() for one in list(self._processes)))

    async def swap(self) -> None:
        """Replaces every environment with a fresh one, after its event; nothing is refused."""
        old = list(self._all)
        self._idle.clear()
        for environment in old:
            environment.retiring = True
        self._failures = 0
        await asyncio.gather(*(self._grow() for _ in range(self.limits.least)))
        await asyncio.gather(*(environment.stop() for environment in old))

    def reap(self) -> None:
        """Stops spare environments that have been idle for long; the fleet calls this often."""
        stale = self._loop.time() - self.limits.idle_seconds
        # The list is used from its end, so the longest idle ones are at its beginning.
        while (
            len(self._all) > self.limits.least and self._idle and self._idle[0].free_since < stale
        ):
            environment = self._idle.pop(0)
            environment.retiring = True
            self._spawn(environment.stop())

    @property
    def size(self) -> int:
        """Environments that are there."""
        return len(self._all)

    @property
    def busy(self) -> int:
        """Environments with an event under way."""
        return sum(environment.busy for environment in self._all)

    @property
    def waiting(self) -> int:
        """Events in the line."""
        return len(self._waiting)

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return [environment.pid for environment in self._all]

    # ── what its environments tell it ──

    def finished(self, environment: Environment, outcome: Invocation) -> None:
        """Counts the event, and hands its environment the next one of the line."""
        self.stats.count(outcome)
        if outcome.error is not None and outcome.error.error_type == "Runtime.ExitError":
            self._failures += 1
        elif not environment.retiring:
            self._failures = 0
        if not environment.retiring:
            self._free(environment)

    def gone(self, environment: Environment) -> None:
        """Replaces an environment that has ended."""
        if environment not in self._all:
            return  # it never got as far as its first event; who started it sees to that
        self._all.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        if not self._draining and (self._alive < self.limits.least or self._waiting):
            self._spawn(self._grow())

    # ── inside ──

    def _queue(self, call: Call, deadline_seconds: float | None) -> None:
        if self._draining and not self._all:
            call.end(error=_GOING)
            return
        if not self._all and self._last_fault is not None and self._failures:
            # It cannot start, and a later try is planned: waiting would only hide the reason.
            self.stats.errors += 1
            call.end(error=self._last_fault)
            return
        if len(self._waiting) >= self.limits.wait_line:
            self.stats.throttles += 1
            raise Throttled
        if deadline_seconds is not None:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)
        self._waiting.append(call)
        if self._starting < len(self._waiting) and self._may_grow:
            self._spawn(self._grow())

    def _free(self, environment: Environment) -> None:
        while self._waiting:
            call = self._waiting.popleft()
            if not call.over:
                environment.take(call)
                return
        self._idle.append(environment)

    async def _grow(self) -> None:
        if not self._may_grow:
            return
        self._starting += 1
        try:
            await asyncio.sleep(self._backoff())
            async with self._gate:
                await self._start_one()
        finally:
            self._starting -= 1
        if self._failures and self._alive < self.limits.least:
            self._spawn(self._grow())

    async def _start_one(self) -> None:
        environment, variables = self._launch(self)
        self._processes.add(environment)
        environment.ended.add_done_callback(lambda _: self._processes.discard(environment))
        try:
            await environment.start(variables, self.limits.init_seconds)
        except (StartFailed, OSError) as error:
            fault = error.fault if isinstance(error, StartFailed) else Fault("Runtime", str(error))
            environment.kill()
            self._failed(fault)
            return
        self._last_fault = None
        self._all.add(environment)
        self._free(environment)

    def _failed(self, fault: Fault) -> None:
        self._failures += 1
        self._last_fault = fault
        self.stats.failed_starts += 1
        _log.error("%s cannot start: %s", self.function.name, fault.error_message)
        if not self._all:
            while self._waiting:
                self.stats.errors += 1
                self._waiting.popleft().end(error=fault)

    def _backoff(self) -> float:
        # The first replacement comes at once: one event may have killed a sound handler.
        if self._failures <= 1:
            return 0.0
        doublings = min(self._failures - 2, 16)
        return min(_LONGEST_BACKOFF_SECONDS, _SHORTEST_BACKOFF_SECONDS * float(2**doublings))

    @property
    def _may_grow(self) -> bool:
        return not self._draining and self._alive < self.limits.most

    @property
    def _alive(self) -> int:
        going = sum(environment.retiring for environment in self._all)
        return len(self._all) - going + self._starting

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_GOING = Fault("Sandbox.Draining", "The host is going down")
