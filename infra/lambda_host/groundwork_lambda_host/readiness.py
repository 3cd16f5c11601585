"""Request our own /health/ready until it succeeds at the start, then periodically.

The periodic requests keep the metric `dependency_ready` up to date where no load balancer or
cluster makes them.
"""

import asyncio
import time
import urllib.error
import urllib.request
from http import HTTPStatus

READY_SECONDS = 60.0
EVERY_SECONDS = 15.0
RESPONSE_SECONDS = 10.0


class NotReady(Exception):
    """Raised if the application is not ready in time; the message holds its last response."""


class ReadinessProbe:
    """A part of the host that requests /health/ready of a base URL."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/health/ready"
        self._probing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the periodic requests."""
        self._probing = asyncio.get_running_loop().create_task(self._probe())

    async def drain(self) -> None:
        """Stop the periodic requests."""
        if self._probing is not None:
            self._probing.cancel()

    async def reached(self) -> None:
        """Wait until the application is ready. Raises NotReady after a minute."""
        deadline = time.monotonic() + READY_SECONDS
        status, body = 0, ""
        while time.monotonic() < deadline:
            status, body = await asyncio.to_thread(_get, self._url)
            if status == HTTPStatus.OK:
                return
            await asyncio.sleep(0.1)
        raise NotReady(
            f"/health/ready still responds with {status} after {READY_SECONDS:.0f} s: {body}"
        )

    async def _probe(self) -> None:
        while True:
            await asyncio.to_thread(_get, self._url)
            await asyncio.sleep(EVERY_SECONDS)


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=RESPONSE_SECONDS) as response:  # noqa: S310 - our own address
            return int(response.status), ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
