"""The environments of one function; events wait for one in lines (see lines.py)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

import orjson

from groundwork_lambda_host.environments.environment import Environment, StartFailed
from groundwork_lambda_host.environments.invocation import Call, Invocation, LambdaError
from groundwork_lambda_host.environments.lines import Lines
from groundwork_lambda_host.environments.tracing import new_request_id, new_trace
from groundwork_lambda_host.invoking import Throttled
from groundwork_lambda_host.places import NO_CALLER, Place
from groundwork_lambda_host.telemetry.stats import FunctionStats
from groundwork_lambda_host.template import Function

_log = logging.getLogger(__name__)
_LONGEST_BACKOFF_SECONDS = 30.0
_SHORTEST_BACKOFF_SECONDS = 0.25
THROTTLED_ERROR = LambdaError("Sandbox.Throttled", "Too many events wait for this function")
Event = Mapping[str, object] | bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How many environments a pool keeps, and how much waits for them.

    Attributes:
        least: Started ahead and kept.
        most: Never more at once; one caller keeps at most half of them busy.
        wait_line: Events that may wait; one more, and the longest line loses its newest.
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
        self._running: dict[Environment, Call] = {}
        self._lines = Lines(limits.most, limits.wait_line)
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._failures = 0
        self._last_fault: LambdaError | None = None
        self._draining = False
        self._loop = asyncio.get_running_loop()

    # ── what callers use ──

    async def start(self) -> None:
        """Starts the environments that are kept ahead; a failure is logged, counted, retried."""
        missing = self.limits.least - self._alive
        await asyncio.gather(*(self._grow() for _ in range(missing)))

    async def invoke(
        self, event: Event, *, deadline_seconds: float | None = None, place: Place = NO_CALLER
    ) -> Invocation:
        """Runs one event and gives its outcome; a handler's exception is an outcome too.

        Args:
            event: The event; bytes are taken as its JSON.
            deadline_seconds: How long the caller waits, the wait for an environment included.
                The handler goes on beyond it, up to the function's own timeout.
            place: Where it waits.

        Raises:
            Throttled: Too many events wait.
            TimeoutError: The deadline is over.
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
        call = Call(json, new_request_id(), new_trace(), "json", ended, place)
        self.submit(call, deadline_seconds)
        try:
            return await future
        except asyncio.CancelledError:
            call.leave()
            raise

    def submit(self, call: Call, deadline_seconds: float | None) -> None:
        """Like `invoke`, for callers that have no task: the call's `on_end` hears the outcome.

        A call that waits may still be turned away, for another; its error is then THROTTLED_ERROR.

        Raises:
            Throttled: Too many events wait.
        """
        if not self._idle or not self._lines.may_begin(call):
            self._queue(call, deadline_seconds)
            return
        self._begin(self._idle.pop(), call)
        if deadline_seconds is not None and deadline_seconds < self.function.timeout_seconds:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)
        self._grow_ahead()

    async def drain(self, seconds: float) -> None:
        """Finishes what runs and waits, for at most so long, then stops all environments."""
        self._draining = True
        end = self._loop.time() + seconds
        while (self.busy or self._lines) and self._loop.time() < end:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        for task in list(self._tasks):
            task.cancel()
        for call in self._lines.clear():
            call.end(error=_DRAINING_ERROR)
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
        """Events that wait."""
        return len(self._lines)

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return [environment.pid for environment in self._all]

    # ── what its environments tell it ──

    def finished(self, environment: Environment, outcome: Invocation) -> None:
        """Counts the event, and hands its environment the next one."""
        self.stats.count(outcome)
        self._lines.ended(self._running.pop(environment))
        if outcome.error is not None and outcome.error.error_type == "Runtime.ExitError":
            self._failures += 1
        elif not environment.retiring:
            self._failures = 0
        if not environment.retiring:
            self._idle.append(environment)
        self._hand_out()

    def gone(self, environment: Environment) -> None:
        """Replaces an environment that has ended."""
        if environment not in self._all:
            return  # it never got as far as its first event; who started it sees to that
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
        if not self._all and self._last_fault is not None and self._failures:
            # It cannot start, and a later try is planned: waiting would only hide the reason.
            self.stats.errors += 1
            call.end(error=self._last_fault)
            return
        turned_away = self._lines.add(call)
        if turned_away is not None:
            self.stats.throttles += 1
            if turned_away is call:
                raise Throttled
            turned_away.end(error=THROTTLED_ERROR)
        call.waits_in = self._lines
        if deadline_seconds is not None:
            call.timer = self._loop.call_later(deadline_seconds, call.expire)
        self._grow_ahead()

    def _hand_out(self) -> None:
        """Gives idle environments the calls whose turn it is.

        One that ends may let two begin: one of its caller, and one of its lane.
        """
        while self._idle and (call := self._lines.next()) is not None:
            call.waits_in = None
            if not call.over:
                self._begin(self._idle.pop(), call)
        self._grow_ahead()

    def _begin(self, environment: Environment, call: Call) -> None:
        self._running[environment] = call
        self._lines.begun(call)
        environment.take(call)

    def _grow_ahead(self) -> None:
        """Starts an environment if more could be busy, and one more for the next caller."""
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
            fault = (
                error.fault
                if isinstance(error, StartFailed)
                else LambdaError("Runtime", str(error))
            )
            environment.kill()
            self._failed(fault)
            return
        self._last_fault = None
        self._all.add(environment)
        self._idle.append(environment)
        self._hand_out()

    def _failed(self, fault: LambdaError) -> None:
        self._failures += 1
        self._last_fault = fault
        self.stats.failed_starts += 1
        _log.error("%s cannot start: %s", self.function.name, fault.error_message)
        if not self._all:
            for call in self._lines.clear():
                self.stats.errors += 1
                call.end(error=fault)

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


_DRAINING_ERROR = LambdaError("Sandbox.Draining", "The host is going down")
