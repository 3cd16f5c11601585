"""The HTTP server: listen, serve, and stop without failing a request."""

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
_POLL_SECONDS = 0.05
_FIRST_REQUEST_SECONDS = 0.5
_LOG_EVERY_SECONDS = 60.0


class Server:
    """Serves HTTP with `HttpProtocol` and WebSockets with uvicorn's protocol.

    Args:
        gateway: The gateway.
        limits: Limits of one client.
        access: The access log, if enabled.
        hosts: The hosts that are served; by default those of this machine.
        clients: Determines clients' addresses; by default no proxy is trusted.
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
        self._context = ServerContext(
            gateway=gateway,
            limits=limits,
            hosts=hosts or Hosts(),
            clients=clients or ClientAddresses(),
            held=MemoryBudget(limits.held_bytes),
            config=config,
            access=access,
        )
        self._state = self._context.state
        self._servers: list[asyncio.Server] = []
        self._copies: list[socket.socket] = []
        self._ticker: asyncio.Task[None] | None = None
        self._logged_at, self._logged = 0.0, 0

    @property
    def connections(self) -> int:
        """Number of open connections without WebSockets."""
        return len(self._state.connections)

    async def start(self, *listeners: socket.socket) -> None:
        """Serve on bound sockets."""
        self._context.config.load()
        self._tick()
        self._ticker = asyncio.create_task(self._ticking())
        loop = asyncio.get_running_loop()
        for listener in listeners:
            # The copy is the same listening socket, for `_accept_waiting`.
            self._copies.append(socket.socket(fileno=os.dup(listener.fileno())))
            self._servers.append(
                await loop.create_server(self._connection, sock=listener, backlog=_BACKLOG)
            )

    async def drain(self, *, announce_seconds: float, finish_seconds: float) -> None:
        """Stop without failing a request.

        First serve on, with every response closing its connection. Then stop listening, accept
        clients that have already connected, and finish running requests.

        Args:
            announce_seconds: Maximum duration of the first phase; it ends when all clients have
                disconnected.
            finish_seconds: Maximum duration of the second phase.
        """
        self._gateway.closing = True
        await self._until_gone(announce_seconds)
        for server in self._servers:
            server.close()
        await self._accept_waiting()
        for connection in list(self._state.connections):
            connection.shutdown()
        # Clients that have just connected are about to send a request.
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

    async def _accept_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        for copy in self._copies:
            copy.setblocking(False)  # noqa: FBT003 - the standard library's own way
            with suppress(OSError):  # none is left
                while True:
                    client, _ = copy.accept()
                    await loop.connect_accepted_socket(self._connection, client)
            copy.close()
        self._copies.clear()

    async def _until_gone(self, seconds: float) -> None:
        state, end = self._state, time.monotonic() + seconds
        while (state.connections or state.tasks) and time.monotonic() < end:  # noqa: ASYNC110 - uvicorn's sets do not notify
            await asyncio.sleep(_POLL_SECONDS)

    def _connection(self) -> asyncio.Protocol:
        return HttpProtocol(self._context)

    async def _ticking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._tick()
            now = loop.time()
            self._log_bad_requests(now)
            for connection in list(self._state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.check_speed(now)

    def _log_bad_requests(self, now: float) -> None:
        # At most one line a minute, because any client can cause them.
        count = self._gateway.bad_requests - self._logged
        if count and now - self._logged_at >= _LOG_EVERY_SECONDS:
            self._logged_at, self._logged = now, self._gateway.bad_requests
            _log.warning("%d requests were not valid HTTP", count)

    def _tick(self) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
