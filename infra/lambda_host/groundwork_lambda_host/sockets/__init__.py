"""The WebSocket gateway and its management API.

`Sockets.serve` takes every ASGI scope of type `websocket`, and every `http` scope under `/@live`.
uvicorn must run it with `ws=SocketProtocol`.
"""

import time
from collections.abc import Callable

from groundwork_lambda_host.invoking import Invoker
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send
from groundwork_lambda_host.sockets.discovery import PeerDiscovery
from groundwork_lambda_host.sockets.gateway import SocketGateway
from groundwork_lambda_host.sockets.management import (
    FORWARDED_HEADER,
    PREFIX,
    TOKEN_HEADER,
    Management,
)
from groundwork_lambda_host.sockets.peers import Peers
from groundwork_lambda_host.sockets.protocol import SocketProtocol
from groundwork_lambda_host.sockets.settings import SocketSettings
from groundwork_lambda_host.template import SocketApi

__all__ = ["PREFIX", "TOKEN_HEADER", "SocketProtocol", "SocketSettings", "Sockets"]


class Sockets:
    """The WebSocket gateway with its management API and peers, as a part of the host."""

    def __init__(
        self,
        api: SocketApi,
        invoker: Invoker,
        settings: SocketSettings,
        *,
        clock: Callable[[], float] = time.time,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`count` is called with the number of open sockets whenever it changes."""
        own = {
            TOKEN_HEADER: settings.token,
            FORWARDED_HEADER: settings.gateway,
            # Every host serves this name; the address of a peer may not be among its names.
            "host": "localhost",
        }
        self._gateway = SocketGateway(api, invoker, settings, clock=clock, count=count)
        self._peers = Peers(settings.peers, headers=own)
        self._discovery = PeerDiscovery(settings, self._peers)
        self._management = Management(self._gateway.connections, self._peers, settings, clock=clock)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket, or a request to the management API."""
        if scope["type"] == "websocket":
            await self._gateway.serve(scope, receive, send)
        else:
            await self._management.serve(scope, receive, send)

    async def start(self) -> None:
        """Find the other gateways; start the search for idle and expired sockets."""
        await self._discovery.start()
        await self._gateway.start()

    async def drain(self, *, within_seconds: float = 10.0) -> None:
        """Close every socket with 1001 and wait until `$disconnect` has been handled."""
        await self._gateway.drain(within_seconds=within_seconds)
        await self._discovery.stop()
        await self._peers.close()
