"""Run the schedules of a stack like EventBridge Scheduler, each slot once over all hosts."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork_lambda_host.clock.events import scheduler_event
from groundwork_lambda_host.clock.expressions import BadExpression, Slots, parse_expression
from groundwork_lambda_host.clock.shared_time import SharedTime
from groundwork_lambda_host.clock.slots import PostgresSlots, SlotStore, SlotsUnavailable
from groundwork_lambda_host.invoking import Invoker, Throttled
from groundwork_lambda_host.template import Schedule, Stack

__all__ = ["BadExpression", "Clock", "ClockSettings", "PostgresSlots", "SlotStore"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """Settings of the clock.

    Attributes:
        retry_seconds: Delays before a failed run is repeated, as Lambda does for asynchronous
            events. Retries end at the next slot, or at the schedule's own limits.
        look_seconds: Maximum sleep, so that slots are soon correct after the machine was suspended
            or a clock was set.
        unavailable_seconds: Delay before an unavailable slot store is tried again.
    """

    region: str
    account: str = "000000000000"
    retry_seconds: tuple[float, ...] = (60.0, 120.0)
    look_seconds: float = 15.0
    unavailable_seconds: float = 1.0


class Clock:
    """Runs every enabled schedule of a stack."""

    def __init__(
        self,
        stack: Stack,
        *,
        invoker: Invoker,
        slots: SlotStore,
        settings: ClockSettings,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Parse the expressions.

        Raises:
            BadExpression: One of them is invalid.
        """
        self._schedules = [
            (schedule, parse_expression(schedule.expression, schedule.timezone))
            for schedule in stack.schedules
            if schedule.enabled
        ]
        self._invoker = invoker
        self._slots = slots
        self._settings = settings
        self._time = SharedTime(slots, now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._runs: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Start the clock; of the slots that were missed while no host ran, run the latest."""
        for schedule, slots in self._schedules:
            task = asyncio.get_running_loop().create_task(self._keep(schedule, slots))
            self._tasks.add(task)

    async def drain(self) -> None:
        """Start no more runs, and wait for the running ones."""
        self._stopping.set()
        pending = self._tasks | self._runs
        if pending:
            await asyncio.wait(pending)
        await asyncio.to_thread(self._slots.close)

    async def _keep(self, schedule: Schedule, slots: Slots) -> None:
        due = await self._first(schedule, slots)
        while due is not None and not self._stopping.is_set():
            due = await self._wait_for(due, slots)
            if self._stopping.is_set():
                return
            # After a long sleep only the latest slot is run.
            due = slots.latest(self._moment()) or due
            mine = await self._claim(schedule, due, slots)
            if mine:
                run = asyncio.get_running_loop().create_task(self._run(schedule, due, slots))
                self._runs.add(run)
                run.add_done_callback(self._runs.discard)
            due = slots.after(due)

    async def _first(self, schedule: Schedule, slots: Slots) -> datetime | None:
        """Return the first slot to run: the latest missed one, or the next."""
        while not self._stopping.is_set():
            await self._time.compare()
            moment = self._moment()
            try:
                last = await asyncio.to_thread(self._slots.last, schedule.name)
            except SlotsUnavailable:
                await self._pause(self._settings.unavailable_seconds)
                continue
            missed = slots.latest(moment)
            if missed is not None and (last < missed if last else slots.due_from_the_start):
                return missed
            return slots.after(moment)
        return None

    async def _claim(self, schedule: Schedule, slot: datetime, slots: Slots) -> bool:
        """Claim a slot; retry until the next slot if the store is unavailable."""
        while not self._stopping.is_set():
            try:
                return await asyncio.to_thread(self._slots.claim, schedule.name, slot)
            except SlotsUnavailable as error:
                following = slots.after(slot)
                if following is not None and following <= self._moment():
                    _log.warning("slot %s of %s was skipped: %s", slot, schedule.name, error)
                    return False
                await self._pause(self._settings.unavailable_seconds)
        return False

    async def _run(self, schedule: Schedule, slot: datetime, slots: Slots) -> None:
        """Invoke the function. If the host dies here, the run is lost until the next slot."""
        following = slots.after(slot)
        waits = self._settings.retry_seconds[: schedule.retries]
        ends = slot + timedelta(seconds=schedule.max_age_seconds)
        for attempt, wait in enumerate((*waits, None), 1):
            event = scheduler_event(
                schedule,
                slot,
                attempt=attempt,
                region=self._settings.region,
                account=self._settings.account,
            )
            try:
                outcome = await self._invoker.invoke(schedule.function, event)
                if outcome.error is None:
                    return
                problem: object = outcome.error
            except Throttled as error:
                problem = error
            except Exception as error:
                _log.exception("run %s of %s raised an error", slot, schedule.name)
                problem = error
            again = self._moment() + timedelta(seconds=wait or 0)
            if wait is None or again > ends or (following is not None and following <= again):
                _log.warning("run %s of %s failed: %s", slot, schedule.name, problem)
                return
            await self._pause(wait)
            if self._stopping.is_set():
                return

    async def _wait_for(self, due: datetime, slots: Slots) -> datetime:
        """Sleep until a slot, or an earlier one if the clock is set back; return the slot."""
        while not self._stopping.is_set():
            await self._time.compare()
            moment = self._moment()
            due = min(due, slots.after(moment) or due)
            left = (due - moment).total_seconds()
            if left <= 0:
                break
            await self._pause(min(left, self._settings.look_seconds))
        return due

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    def _moment(self) -> datetime:
        return self._time.now()
