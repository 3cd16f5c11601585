"""Asks our own /health/ready: until it answers at the start, and every few seconds from then on.

The answer itself goes to whoever asks. That it was asked is what makes the metric of each
dependency, `dependency_ready`, go on, where no load balancer or cluster asks.
"""

import asyncio
import time
import urllib.error
import urllib.request
from http import HTTPStatus

READY_SECONDS = 60.0
EVERY_SECONDS = 15.0
ANSWER_SECONDS = 10.0


class NotReady(Exception):
    """The application did not get ready in time; the message holds its last answer."""


class ReadinessProbe:
    """A part of the host."""

    def __init__(self, url: str) -> None:
        """Take the host's own address."""
        self._url = f"{url}/health/ready"
        self._asking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask."""
        self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def drain(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def reached(self) -> None:
        """Wait until all that is needed is there. Raises NotReady after a minute."""
        deadline = time.monotonic() + READY_SECONDS
        status, body = 0, ""
        while time.monotonic() < deadline:
            status, body = await asyncio.to_thread(_get, self._url)
            if status == HTTPStatus.OK:
                return
            await asyncio.sleep(0.1)
        raise NotReady(f"/health/ready still answers {status} after {READY_SECONDS:.0f} s: {body}")

    async def _ask(self) -> None:
        while True:
            await asyncio.to_thread(_get, self._url)
            await asyncio.sleep(EVERY_SECONDS)


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - our own address
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
