"""The environments of one function, and the events that wait for them (see lines.py)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

import orjson

from groundwork_lambda_host.environments.crash_loop import CrashLoop
from groundwork_lambda_host.environments.environment import Environment, StartFailed
from groundwork_lambda_host.environments.invocation import Call, Invocation, LambdaError
from groundwork_lambda_host.environments.limits import Limits
from groundwork_lambda_host.environments.lines import Lines
from groundwork_lambda_host.environments.tracing import new_request_id, trace_or_new
from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.places import NO_CALLER, Place
from groundwork_lambda_host.telemetry.spans import Spans
from groundwork_lambda_host.telemetry.stats import FunctionStats
from groundwork_lambda_host.template import Function

_log = logging.getLogger(__name__)
THROTTLED_ERROR = LambdaError("Sandbox.Throttled", "Too many events wait for this function")
Event = Mapping[str, object] | bytes


class Pool:
    """Runs the events of one function.

    Args:
        function: The function.
        limits: Limits of the pool.
        stats: Counters of the function.
        launch: Returns a new environment (not started) and its variables.
        gate: Limits how many environments of the whole host start at once.
        spans: Collects a span for each event; None collects none.
    """

    def __init__(
        self,
        function: Function,
        limits: Limits,
        stats: FunctionStats,
        launch: "Callable[[Pool], tuple[Environment, Mapping[str, str]]]",
        gate: asyncio.Semaphore,
        spans: Spans | None = None,
    ) -> None:
        self.function = function
        self.limits = limits
        self.stats = stats
        self._launch = launch
        self._gate = gate
        self._spans = spans
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()
        self._processes: set[Environment] = set()
        self._running: dict[Environment, Call] = {}
        self._lines = Lines(limits.most, limits.wait_line)
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._crashes = CrashLoop()
        self._draining = False
        self._loop = asyncio.get_running_loop()

    # ── called by the gateway, pollers and clock ──

    async def start(self) -> None:
        """Start the minimum number of environments; a failure is logged, counted and retried."""
        missing = self.limits.least - self._alive
        await asyncio.gather(*(self._grow() for _ in range(missing)))

    async def invoke(
        self,
        event: Event,
        *,
        deadline_seconds: float | None = None,
        place: Place = NO_CALLER,
        trace: str = "",
    ) -> Invocation:
        """Run an event and return its outcome, which may be a handler's error.

        Args:
            event: The event, or its JSON as bytes.
            deadline_seconds: How long the caller waits, including the wait for an environment.
                The handler continues after it, up to the function's own timeout.
            place: The place where it waits.
            trace: The trace that it continues, as in X-Ray's header; empty begins one.

        Raises:
            Throttled: Too many events wait.
            TimeoutError: The deadline has passed.
        """
        future: asyncio.Future[Invocation] = self._loop.create_future()

        def ended(outcome: Invocation | None) -> None:
            if future.done():
                return
            if outcome is None:
                future.set_exception(TimeoutError())
            elif outcome.error is THROTTLED_ERROR:
                future.set_exception(Throttled())
            else:
                future.set_result(outcome)

        json = event if isinstance(event, bytes) else orjson.dumps(event)
        call = Call(json, new_request_id(), trace_or_new(trace), "json", ended, place)
        self.submit(call, deadline_seconds)
        try:
            return await future
        except asyncio.CancelledError:
            call.leave()
            raise

    def submit(self, call: Call, deadline_seconds: float | None) -> None:
        """Like `invoke`, for callers without a task: the call's `on_end` gets the outcome.

        A waiting call may still be dropped in favour of another; its error is then THROTTLED_ERROR.

        Raises:
            Throttled: Too many events wait.
        """
        if self._spans is not None:
            call.trace, call.parent = self._spans.begin(call.trace)
        if not self._idle or not self._lines.may_begin(call):
            self._queue(call, deadline_seconds)
            return
        self._begin(self._idle.pop(), call)
        if deadline_seconds is not None and deadline_seconds < self.function.timeout_seconds:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)
        self._grow_ahead()

    async def drain(self, seconds: float) -> None:
        """Finish running and waiting events within the time, then stop all environments."""
        self._draining = True
        end = self._loop.time() + seconds
        while (self.busy or self._lines) and self._loop.time() < end:  # noqa: ASYNC110 - only while draining
            await asyncio.sleep(0.02)
        for task in list(self._tasks):
            task.cancel()
        for call in self._lines.clear():
            call.end(error=_DRAINING_ERROR)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in list(self._processes)))

    def hasten(self) -> None:
        """Reduce the remaining time that running events see."""
        for environment in self._all:
            environment.hasten()

    async def swap(self) -> None:
        """Replace every environment with a new one after its event, without refusing events."""
        old = list(self._all)
        self._idle.clear()
        for environment in old:
            environment.retiring = True
        self._crashes.forget()
        await asyncio.gather(*(self._grow() for _ in range(self.limits.least)))
        await asyncio.gather(*(environment.stop() for environment in old))

    def reap(self) -> None:
        """Stop spare environments that have been idle too long; called periodically."""
        stale = self._loop.time() - self.limits.idle_seconds
        # The list is used from its end, so the longest idle are at its start.
        while self._staying > self.limits.least and self._idle and self._idle[0].free_since < stale:
            environment = self._idle.pop(0)
            environment.retiring = True
            self._spawn(environment.stop())

    @property
    def size(self) -> int:
        """Number of environments."""
        return len(self._all)

    @property
    def busy(self) -> int:
        """Number of environments that run an event."""
        return sum(environment.busy for environment in self._all)

    @property
    def waiting(self) -> int:
        """Number of waiting events."""
        return len(self._lines)

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return [environment.pid for environment in self._all]

    # ── called by environments ──

    def finished(self, environment: Environment, outcome: Invocation) -> None:
        """Count the event, and give its environment the next one."""
        self.stats.count(outcome)
        call = self._running.pop(environment)
        self._lines.ended(call)
        if self._spans is not None:
            self._end_span(self._spans, call, outcome)
        if outcome.error is not None and outcome.error.error_type == "Runtime.ExitError":
            self._crashes.crashed()
        elif not environment.retiring:
            self._crashes.forget()
        if not environment.retiring:
            self._idle.append(environment)
        self._hand_out()

    def gone(self, environment: Environment) -> None:
        """Replace an environment that has ended."""
        if environment not in self._all:
            return  # it failed to start, which `_start_one` handles
        self._all.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        if not self._draining and (self._alive < self.limits.least or self._lines):
            self._spawn(self._grow())

    # ── inside ──

    def _queue(self, call: Call, deadline_seconds: float | None) -> None:
        if self._draining and not self._all:
            call.end(error=_DRAINING_ERROR)
            return
        if not self._all and (fault := self._crashes.fault) is not None:
            # It cannot start now and will be retried later: fail at once with the reason.
            self.stats.errors += 1
            call.end(error=fault)
            return
        dropped = self._lines.add(call)
        if dropped is not None:
            self.stats.throttles += 1
            if dropped is call:
                raise Throttled
            dropped.end(error=THROTTLED_ERROR)
        call.waits_in = self._lines
        if deadline_seconds is not None:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)
        self._grow_ahead()

    def _hand_out(self) -> None:
        """Give idle environments the next calls.

        One finished call may allow two to start: one of its caller, and one of its lane.
        """
        while self._idle and (call := self._lines.next()) is not None:
            call.waits_in = None
            if not call.over:
                self._begin(self._idle.pop(), call)
        self._grow_ahead()

    def _end_span(self, spans: Spans, call: Call, outcome: Invocation) -> None:
        tags = {"request_id": outcome.request_id, "cold": str(outcome.cold).lower()}
        if outcome.error is not None:
            tags["error"] = outcome.error.error_type
        name = self.function.logical_id
        spans.end(
            call.trace, call.parent, service=name, name="invoke", seconds=outcome.seconds, tags=tags
        )

    def _begin(self, environment: Environment, call: Call) -> None:
        self._running[environment] = call
        self._lines.begun(call)
        environment.take(call)

    def _grow_ahead(self) -> None:
        """Start an environment if more could be busy, plus a spare one for the next caller."""
        if self._lacks_one:
            self._spawn(self._grow_if_still_lacking())

    async def _grow_if_still_lacking(self) -> None:
        if self._lacks_one:
            await self._grow()

    @property
    def _lacks_one(self) -> bool:
        return (
            not self._idle and len(self._lines) > 0 and self._alive < self._lines.wanted
        ) and self._may_grow

    async def _grow(self) -> None:
        if not self._may_grow:
            return
        self._starting += 1
        try:
            await asyncio.sleep(self._crashes.pause_seconds)
            async with self._gate:
                await self._start_one()
        finally:
            self._starting -= 1
        if self._crashes.running and self._alive < self.limits.least:
            self._spawn(self._grow())

    async def _start_one(self) -> None:
        environment, variables = self._launch(self)
        self._processes.add(environment)
        environment.ended.add_done_callback(lambda _: self._processes.discard(environment))
        try:
            await environment.start(variables, self.limits.init_seconds)
        except (StartFailed, OSError) as error:
            fault = (
                error.fault
                if isinstance(error, StartFailed)
                else LambdaError("Runtime", str(error))
            )
            environment.kill()
            self._failed(fault)
            return
        self._crashes.started()
        self._all.add(environment)
        self._idle.append(environment)
        self._hand_out()

    def _failed(self, fault: LambdaError) -> None:
        self._crashes.failed_to_start(fault)
        self.stats.failed_starts += 1
        _log.error("%s cannot start: %s", self.function.name, fault.error_message)
        if not self._all:
            for call in self._lines.clear():
                self.stats.errors += 1
                call.end(error=fault)

    @property
    def _may_grow(self) -> bool:
        return not self._draining and self._alive < self.limits.most

    @property
    def _staying(self) -> int:
        return sum(not environment.retiring for environment in self._all)

    @property
    def _alive(self) -> int:
        return self._staying + self._starting

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_DRAINING_ERROR = LambdaError("Sandbox.Draining", "The host is shutting down")
