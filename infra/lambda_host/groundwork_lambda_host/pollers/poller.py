"""One event source mapping: receive batches, invoke the function, settle each message."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from groundwork_lambda_host.invoking import Invoker, Throttled
from groundwork_lambda_host.pollers.age import Ages
from groundwork_lambda_host.pollers.messages import (
    Received,
    failed_ids,
    retry_after_seconds,
    sqs_event,
)
from groundwork_lambda_host.pollers.source import (
    MAX_AT_ONCE,
    QueueMissing,
    ServiceUnreachable,
    Source,
)
from groundwork_lambda_host.template import Queue, QueueMapping

_log = logging.getLogger(__name__)
_MAX_EVENT_BYTES = 6 * 1024 * 1024
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0
_SETTLE_TRIES = 4
_SHORT_POLL_SECONDS = 0.2

Recreate = Callable[[], Awaitable[None]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PollerSettings:
    """Settings of polling.

    Attributes:
        wait_seconds: Duration of a long poll, and thus the longest delay of draining.
        concurrency: Maximum number of concurrent batches per queue, even if MaximumConcurrency is
            higher: a host has few environments, and waiting uses up a batch's visibility.
        gauge_seconds: Interval of measuring depth and age of each queue.
        region: Value of `awsRegion` in records.
    """

    region: str
    wait_seconds: float = 2.0
    concurrency: int = 5
    gauge_seconds: float = 5.0


class Poller:
    """Polls one queue for one function until drained."""

    def __init__(
        self,
        mapping: QueueMapping,
        queue: Queue,
        *,
        source: Source,
        invoker: Invoker,
        recreate: Recreate,
        threads: Executor,
        ages: Ages,
        settings: PollerSettings,
    ) -> None:
        """`recreate` creates the queues again if the service has lost them."""
        self._mapping = mapping
        self._queue = queue
        self._source = source
        self._invoker = invoker
        self._recreate = recreate
        self._threads = threads
        self._ages = ages
        self._settings = settings
        most = min(mapping.max_concurrency or settings.concurrency, settings.concurrency)
        self._slots = asyncio.Semaphore(most)
        self._batches: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start polling."""
        self._loop = asyncio.get_running_loop().create_task(self._poll())

    async def drain(self) -> None:
        """Stop receiving, finish running batches, and return unprocessed messages."""
        self._stopping.set()
        if self._loop is not None:
            await self._loop
        if self._batches:
            await asyncio.wait(self._batches)

    async def _poll(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            await self._slots.acquire()
            try:
                messages = await self._receive_batch()
            except (QueueMissing, ServiceUnreachable) as error:
                self._slots.release()
                wait = await self._recover(error, wait)
                continue
            except BaseException:
                self._slots.release()
                raise
            wait = _FIRST_WAIT_SECONDS
            if messages and not self._stopping.is_set():
                batch = asyncio.get_running_loop().create_task(self._handle(messages))
                self._batches.add(batch)
                batch.add_done_callback(self._finished)
            else:
                self._slots.release()
                if messages:
                    await self._settle([], messages, delay_of=lambda _: 0)

    def _finished(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._slots.release()
        if not batch.cancelled() and batch.exception() is not None:
            _log.error("a batch of %s failed", self._queue.name, exc_info=batch.exception())

    async def _receive_batch(self) -> list[Received]:
        """Receive the messages of one invocation, waiting at most `window_seconds` for more."""
        size, window = self._mapping.batch_size, self._mapping.window_seconds
        if self._stopping.is_set():
            return []
        messages = await self._receive(size, self._settings.wait_seconds)
        until = asyncio.get_running_loop().time() + window
        while messages and len(messages) < size and not self._stopping.is_set():
            left = until - asyncio.get_running_loop().time()
            if left <= 0 and len(messages) % MAX_AT_ONCE:
                break  # the window is over, and SQS returned fewer than ten: no more are waiting
            if sum(message.size_bytes for message in messages) > _MAX_EVENT_BYTES // 2:
                break
            if 0 < left < 1:  # too short for a long poll, which counts whole seconds
                await asyncio.sleep(min(left, _SHORT_POLL_SECONDS))
            try:
                more = await self._receive(size - len(messages), max(0, int(min(left, 1))))
            except (QueueMissing, ServiceUnreachable):
                break  # the next poll reports it; process what was received
            if not more and left <= 0:
                break
            messages += more
        return messages

    async def _receive(self, most: int, wait_seconds: float) -> list[Received]:
        found = await self._thread(
            lambda: self._source.receive(self._queue.url, most=most, wait_seconds=wait_seconds)
        )
        self._ages.received(self._queue.logical_id, found)
        return found

    async def _recover(self, error: Exception, wait: float) -> float:
        """Recreate lost queues, and wait unless drained; return the next wait in seconds."""
        if isinstance(error, QueueMissing):
            _log.warning("queue %s is missing, recreating the queues", self._queue.name)
            try:
                await self._recreate()
            except Exception:
                _log.exception("the queues could not be recreated")
            else:
                wait = (
                    _FIRST_WAIT_SECONDS / 2
                )  # but not 0, or a queue that stays missing would cause a busy loop
        elif wait >= _LONGEST_WAIT_SECONDS:
            _log.warning("queue %s cannot be reached: %s", self._queue.name, error)
        try:
            async with asyncio.timeout(wait):
                await self._stopping.wait()
        except TimeoutError:
            pass
        return min(wait * 2, _LONGEST_WAIT_SECONDS)

    async def _handle(self, messages: Sequence[Received]) -> None:
        event = sqs_event(messages, queue_arn=self._queue.arn, region=self._settings.region)
        try:
            # An event has one trace: that of the first message that has one.
            trace = next((message.trace for message in messages if message.trace), "")
            outcome = await self._invoke(event, trace)
        except Throttled:
            # They were not processed: return them soon.
            return await self._settle([], messages, delay_of=lambda _: 1)
        ids = [message.id for message in messages]
        if outcome.error is not None:
            failed = frozenset(ids)
        elif self._mapping.partial_responses:
            failed = failed_ids(outcome.payload, ids)
        else:
            failed = frozenset[str]()
        await self._settle(
            [message for message in messages if message.id not in failed],
            [message for message in messages if message.id in failed],
            delay_of=lambda message: retry_after_seconds(
                message, visibility_seconds=self._queue.visibility_seconds
            ),
        )
        return None

    async def _invoke(self, event: dict[str, object], trace: str) -> "Invoked":
        """Invoke; if throttled, retry for half the visibility: returning costs a receive."""
        clock = asyncio.get_running_loop().time
        until, wait = clock() + self._queue.visibility_seconds / 2, 0.05
        while True:
            try:
                outcome = await self._invoker.invoke(self._mapping.function, event, trace=trace)
            except Throttled:
                if clock() + wait > until or self._stopping.is_set():
                    raise
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            except Exception as error:
                _log.exception("invoking %s failed", self._mapping.function)
                return Invoked(b"", error)
            else:
                return Invoked(outcome.payload, outcome.error)

    async def _settle(
        self,
        done: Sequence[Received],
        failed: Sequence[Received],
        *,
        delay_of: Callable[[Received], int],
    ) -> None:
        url = self._queue.url
        if done:
            await self._retry(lambda: self._source.delete(url, done))
        if failed:
            delays = {message.receipt: delay_of(message) for message in failed}
            await self._retry(lambda: self._source.give_back(url, delays))
        self._ages.settled(self._queue.logical_id, [*done, *failed])

    async def _retry(self, call: Callable[[], None]) -> None:
        """Try a few times; after that the visibility timeout returns the messages."""
        for attempt in range(_SETTLE_TRIES):
            try:
                return await self._thread(call)
            except QueueMissing:
                return None
            except ServiceUnreachable as error:
                _log.warning("settling messages of %s: %s", self._queue.name, error)
                await asyncio.sleep(_FIRST_WAIT_SECONDS * 2**attempt)
        return None

    async def _thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


@dataclass(frozen=True, slots=True)
class Invoked:
    """Payload or error of an invocation."""

    payload: bytes
    error: object | None
