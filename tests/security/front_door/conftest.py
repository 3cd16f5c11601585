"""A host on an event loop of its own thread, for tests that write to sockets byte by byte."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop
from tests.integration.lambda_host.conftest import Function, template

from groundwork_lambda_host.gateway import ServerLimits
from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

ECHO = Function("Echo", "echo.handler", "/echo/{proxy+}")
QUICK = HostSettings(port=0, environments=1, announce_seconds=0.1, finish_seconds=2.0)


class HostThread:
    """A host that runs until it is stopped."""

    def __init__(
        self,
        folder: Path,
        *functions: Function,
        limits: ServerLimits | None = None,
        settings: HostSettings = QUICK,
        add: Callable[[Host], None] = lambda _: None,
    ) -> None:
        path = folder / "template.yaml"
        path.write_text(template(*functions))
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def start() -> Host:
            host = Host(load(path, {}, Addresses()), settings, limits, lambda _: None)
            add(host)
            await host.start()
            return host

        self.host = asyncio.run_coroutine_threadsafe(start(), self._loop).result()
        self.port = self.host.port

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.host.drain(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostThread]:
    """A host with the usual limits whose function tells what it was asked, below /echo/."""
    running = HostThread(tmp_path_factory.mktemp("door"), ECHO)
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., HostThread]]:
    """Starts hosts with other limits or settings."""
    running: list[HostThread] = []

    def start_one(
        *functions: Function,
        limits: ServerLimits | None = None,
        settings: HostSettings = QUICK,
        add: Callable[[Host], None] = lambda _: None,
    ) -> HostThread:
        running.append(
            HostThread(tmp_path, *functions or (ECHO,), limits=limits, settings=settings, add=add)
        )
        return running[-1]

    yield start_one
    for one in running:
        one.stop()
