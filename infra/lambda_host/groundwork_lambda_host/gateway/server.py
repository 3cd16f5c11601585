"""Listens, serves, and goes without failing a request."""

import asyncio
import logging
import os
import socket
import time
from contextlib import suppress
from email.utils import formatdate

from uvicorn.config import Config

from groundwork_lambda_host.gateway.access import AccessLog
from groundwork_lambda_host.gateway.app import Gateway
from groundwork_lambda_host.gateway.clients import ClientAddresses
from groundwork_lambda_host.gateway.hosts import Hosts
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.memory_budget import MemoryBudget
from groundwork_lambda_host.gateway.protocol import HttpProtocol
from groundwork_lambda_host.gateway.server_context import ServerContext
from groundwork_lambda_host.sockets.protocol import SocketProtocol

_log = logging.getLogger(__name__)
_BACKLOG = 2048
_TICK_SECONDS = 1.0
_LOOK_EVERY_SECONDS = 0.05
_FIRST_REQUEST_SECONDS = 0.5
_SAY_EVERY_SECONDS = 60.0


class Server:
    """Serves HTTP by our own connections and WebSockets by uvicorn's protocol.

    Args:
        gateway: The application.
        limits: What one client may take.
        access: Takes a line for each answer, if wanted.
        hosts: Which hosts are served; by default those of this machine.
        clients: Finds clients' addresses; by default no proxy is believed.
    """

    def __init__(
        self,
        gateway: Gateway,
        limits: ServerLimits,
        access: AccessLog | None = None,
        hosts: Hosts | None = None,
        clients: ClientAddresses | None = None,
    ) -> None:
        config = Config(
            app=gateway,
            ws=SocketProtocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
        )
        self._gateway = gateway
        self._door = ServerContext(
            gateway=gateway,
            limits=limits,
            hosts=hosts or Hosts(),
            clients=clients or ClientAddresses(),
            held=MemoryBudget(limits.held_bytes),
            config=config,
            access=access,
        )
        self._state = self._door.state
        self._servers: list[asyncio.Server] = []
        self._copies: list[socket.socket] = []
        self._ticker: asyncio.Task[None] | None = None
        self._said_at, self._said = 0.0, 0

    @property
    def connections(self) -> int:
        """Open connections, WebSockets not counted."""
        return len(self._state.connections)

    async def start(self, *listeners: socket.socket) -> None:
        """Begins to serve on sockets that are bound already."""
        self._door.config.load()
        self._tick()
        self._ticker = asyncio.create_task(self._ticking())
        loop = asyncio.get_running_loop()
        for listener in listeners:
            # The copy is the same listening socket: it lets the last clients in (`_let_in`).
            self._copies.append(socket.socket(fileno=os.dup(listener.fileno())))
            self._servers.append(
                await loop.create_server(self._connection, sock=listener, backlog=_BACKLOG)
            )

    async def drain(self, *, announce_seconds: float, finish_seconds: float) -> None:
        """Stops without failing a request.

        First goes on as before, while every answer asks its client to go elsewhere; then stops
        listening, lets in who has connected already, and finishes what is under way.

        Args:
            announce_seconds: Longest duration of the first part; it ends when all have gone.
            finish_seconds: Longest duration of the second.
        """
        self._gateway.closing = True
        await self._until_gone(announce_seconds)
        for server in self._servers:
            server.close()
        await self._let_in()
        for connection in list(self._state.connections):
            connection.shutdown()
        # Who has just connected is about to ask.
        await self._until_gone(min(_FIRST_REQUEST_SECONDS, finish_seconds))
        for connection in list(self._state.connections):
            if isinstance(connection, HttpProtocol):
                connection.close_if_silent()
        await self._until_gone(finish_seconds)
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait({self._ticker})
        for connection in list(self._state.connections):
            with suppress(AttributeError):
                connection.transport.abort()

    async def _let_in(self) -> None:
        loop = asyncio.get_running_loop()
        for copy in self._copies:
            copy.setblocking(False)  # noqa: FBT003 - the standard library's own way
            with suppress(OSError):  # no more of them
                while True:
                    client, _ = copy.accept()
                    await loop.connect_accepted_socket(self._connection, client)
            copy.close()
        self._copies.clear()

    async def _until_gone(self, seconds: float) -> None:
        state, end = self._state, time.monotonic() + seconds
        while (state.connections or state.tasks) and time.monotonic() < end:  # noqa: ASYNC110 - uvicorn's sets tell nobody
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _connection(self) -> asyncio.Protocol:
        return HttpProtocol(self._door)

    async def _ticking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._tick()
            now = loop.time()
            self._say_what_was_bad(now)
            for connection in list(self._state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.look_at(now)

    def _say_what_was_bad(self, now: float) -> None:
        # One line a minute at most, however many there are: anybody can send them.
        count = self._gateway.bad_requests - self._said
        if count and now - self._said_at >= _SAY_EVERY_SECONDS:
            self._said_at, self._said = now, self._gateway.bad_requests
            _log.warning("%d requests were no valid HTTP", count)

    def _tick(self) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
