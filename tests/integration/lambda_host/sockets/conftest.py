"""A live gateway in a real uvicorn, served from the test's own event loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from groundwork_lambda_host.sockets import SocketProtocol, Sockets, SocketSettings
from groundwork_lambda_host.template import SocketApi

from ....child_instance import free_port
from ....fakes.fleet import FakeFleet

__all__ = ["free_port"]
TOKEN = "0123456789abcdef"
EVENTS = Path(__file__).parents[3] / "events"


@dataclass
class Running:
    """A gateway that serves, and what it was asked to do."""

    port: int
    live: Sockets
    fleet: FakeFleet
    counts: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def connection_ids(self) -> list[str]:
        contexts: list[Any] = [event["requestContext"] for event in self.fleet.of("CONNECT")]
        return [str(context["connectionId"]) for context in contexts]

    @property
    def management(self) -> str:
        return f"http://127.0.0.1:{self.port}/@live"


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def serving(
    fleet: FakeFleet,
    *,
    port: int | None = None,
    gateway: str = "one",
    routes: Mapping[str, str] | None = None,
    **settings: object,
) -> AsyncIterator[Running]:
    counts: list[int] = []
    api = SocketApi(
        api_id="liveapi",
        stage="ws",
        selection="$request.body.action",
        routes={"$connect": "Realtime", "$disconnect": "Realtime", "$default": "Realtime"}
        if routes is None
        else routes,
    )
    port = port or free_port()
    live = Sockets(
        api,
        fleet,
        SocketSettings(gateway=gateway, token=TOKEN, port=port, **settings),  # type: ignore[arg-type]
        count=counts.append,
    )
    config = uvicorn.Config(
        live.serve,
        host="127.0.0.1",
        port=port,
        ws=SocketProtocol,
        interface="asgi3",
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="none",
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    await live.start()
    try:
        yield Running(port, live, fleet, counts)
    finally:
        await live.drain(within_seconds=5)
        server.should_exit = True
        await task


@pytest.fixture
def serve() -> Serve:
    """Serves a live gateway for the length of an `async with`."""
    return serving


@pytest.fixture
def golden() -> Callable[[str], object]:
    """Reads one of the golden events."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())
