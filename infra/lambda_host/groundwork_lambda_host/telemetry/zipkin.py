"""Send spans to Zipkin each second. A Zipkin that does not respond costs its spans and no more."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from groundwork_lambda_host.telemetry.spans import Spans

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 1.0
_PAUSE_SECONDS = 10.0
_PATIENCE_SECONDS = 3.0


class ZipkinUnreachable(Exception):
    """Raised if Zipkin does not respond."""


class ZipkinSender:
    """Sends what `spans` collects.

    Args:
        spans: The spans.
        url: Base URL of Zipkin.
        count: Called with what became of spans (sent, refused or dropped) and their number.
    """

    def __init__(self, spans: Spans, url: str, count: Callable[[str, int], None]) -> None:
        self._spans = spans
        self._url = f"{url.rstrip('/')}/api/v2/spans"
        self._count = count
        self._reachable = True
        self._client: AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start sending."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Send what is left, once, and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self.send()
        if self._client is not None:
            await self._client.aclose()

    async def send(self) -> None:
        """Send what was collected; keep it if Zipkin does not respond."""
        spans, dropped = self._spans.take()
        if dropped:
            self._count("dropped", dropped)
        if not spans:
            return
        try:
            status = await self._post(orjson.dumps(spans))
        except ZipkinUnreachable as error:
            self._spans.give_back(spans)
            if self._reachable:
                _log.warning("Zipkin cannot be reached: %s", error)
            self._reachable = False
        except asyncio.CancelledError:
            self._spans.give_back(spans)
            raise
        else:
            self._reachable = True
            self._count("sent" if status < 300 else "refused", len(spans))  # noqa: PLR2004 - HTTP statuses speak for themselves

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS if self._reachable else _PAUSE_SECONDS)
            await self.send()

    async def _post(self, body: bytes) -> int:
        import httpx2  # takes 0.1 s; needed only with Zipkin

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False)
        headers = {"content-type": "application/json"}
        try:
            return (await self._client.post(self._url, content=body, headers=headers)).status_code
        except httpx2.TransportError as error:
            raise ZipkinUnreachable(f"{type(error).__name__}: {error}") from error
