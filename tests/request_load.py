"""Clients that ask again and again, each time on a new connection, while something happens."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2

PAUSE_SECONDS = 0.05


@dataclass
class RequestLoad:
    """Requests of several clients. Used as `with RequestLoad(url) as load:`.

    Attributes:
        answered: How many requests have ended, well or not.
        failed: What was not answered with 200, each with the seconds since the start at which
            the request began and ended.
        slowest: Seconds of the slowest.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    clients: int = 4
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        """Start, and wait for the first responses."""
        for _ in range(self.clients):
            self._threads.append(threading.Thread(target=self._run))
            self._threads[-1].start()
        self.wait_for(5 * self.clients)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop after the requests that are under way."""
        self._stop.set()
        for each in self._threads:
            each.join()

    def wait_for(self, requests: int) -> None:
        """Wait for so many more requests."""
        done = self.answered + requests
        while self.answered < done:
            time.sleep(0.05)

    def _fail(self, began: float, why: str) -> None:
        first, last = began - self._started, time.monotonic() - self._started
        self.failed.append(f"{first:.2f} to {last:.2f} s: {why}")

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                answer = httpx2.get(self.url, headers=dict(self.headers), timeout=60)
                if answer.status_code != 200:
                    self._fail(began, f"{answer.status_code} {answer.text[:200]}")
            except httpx2.TransportError as error:
                self._fail(began, repr(error))
            self.answered += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(PAUSE_SECONDS)
