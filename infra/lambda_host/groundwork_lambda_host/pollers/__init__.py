"""SQS event source mappings: poll queues and invoke functions as Lambda does."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.invoking import Invoker
from groundwork_lambda_host.pollers.age import Ages
from groundwork_lambda_host.pollers.poller import Poller, PollerSettings, Recreate
from groundwork_lambda_host.pollers.source import (
    Depth,
    QueueMissing,
    ServiceUnreachable,
    Source,
    SqsSource,
    sqs_client,
)
from groundwork_lambda_host.template import Function, Queue, Stack

__all__ = [
    "AwsSettings",
    "Depth",
    "PollerSettings",
    "Pollers",
    "QueueGauge",
    "QueueMissing",
    "ServiceUnreachable",
    "settings_of",
    "sqs_source",
]

_log = logging.getLogger(__name__)
_RECREATE_AT_MOST_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class QueueGauge:
    """Metrics of one queue."""

    queue: str
    depth: Depth
    oldest_seconds: float


def sqs_source(settings: AwsSettings, *, wait_seconds: float = 20.0) -> SqsSource:
    """Return a source that reads from SQS."""
    return SqsSource(sqs_client(settings, connections=64, wait_seconds=wait_seconds))


class Pollers:
    """Runs every event source mapping of a stack."""

    def __init__(
        self,
        stack: Stack,
        *,
        source: Source,
        invoker: Invoker,
        recreate: Recreate,
        settings: PollerSettings,
        gauge: Callable[[QueueGauge], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`recreate` creates the stack's queues again; `gauge` is called with queue metrics."""
        self._queues: Mapping[str, Queue] = {queue.logical_id: queue for queue in stack.queues}
        self._source = source
        self._gauge = gauge
        self._settings = settings
        self._ages = Ages(clock)
        mappings = stack.queue_mappings
        # One thread per queue waits for messages, the others delete or return them.
        self._threads = ThreadPoolExecutor(2 * len(mappings) + 4, thread_name_prefix="sqs")
        self._recreate = _RecreateOnce(recreate)
        self._pollers = [
            Poller(
                mapping,
                self._queues[mapping.queue],
                source=source,
                invoker=invoker,
                recreate=self._recreate,
                threads=self._threads,
                ages=self._ages,
                settings=settings_of(stack.functions.get(mapping.function), settings),
            )
            for mapping in mappings
        ]
        self._measuring: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start polling and measuring."""
        for poller in self._pollers:
            await poller.start()
        self._measuring = asyncio.get_running_loop().create_task(self._measure())

    async def drain(self) -> None:
        """Stop receiving, finish running batches, and return messages that were not processed."""
        if self._measuring:
            self._measuring.cancel()
        await asyncio.gather(*(poller.drain() for poller in self._pollers))
        self._threads.shutdown(wait=False)

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for queue in self._queues.values():
                with suppress(QueueMissing, ServiceUnreachable):
                    depth = await loop.run_in_executor(self._threads, self._source.depth, queue.url)
                    age = self._ages.oldest_seconds(queue.logical_id, waiting=depth.visible)
                    self._gauge(QueueGauge(queue.logical_id, depth, age))
            await asyncio.sleep(self._settings.gauge_seconds)


def settings_of(function: Function | None, settings: PollerSettings) -> PollerSettings:
    """Return the settings for one function, with more batches if it has more environments."""
    factor = function.environment_factor if function else 1
    return replace(settings, concurrency=settings.concurrency * factor)


class _RecreateOnce:
    """Recreates the queues once when all pollers find them missing at the same time."""

    def __init__(self, recreate: Recreate) -> None:
        self._recreate = recreate
        self._lock = asyncio.Lock()
        self._last = float("-inf")

    async def __call__(self) -> None:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._last < _RECREATE_AT_MOST_EVERY_SECONDS:
                return
            await self._recreate()
            self._last = asyncio.get_running_loop().time()
