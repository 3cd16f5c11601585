"""The host: environments, gateway and telemetry, with parts such as pollers and the clock."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Protocol

from groundwork_lambda_host.environments.fleet import EnvironmentContext, Fleet
from groundwork_lambda_host.environments.limits import Limits
from groundwork_lambda_host.environments.output import Sink, to_stdout
from groundwork_lambda_host.gateway.access import AccessLog
from groundwork_lambda_host.gateway.app import App, Gateway
from groundwork_lambda_host.gateway.callers import Callers
from groundwork_lambda_host.gateway.clients import ClientAddresses
from groundwork_lambda_host.gateway.cors import Cors
from groundwork_lambda_host.gateway.events import EventBuilder
from groundwork_lambda_host.gateway.hosts import Hosts
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.routes import Routes
from groundwork_lambda_host.gateway.server import Server
from groundwork_lambda_host.liveness import LivenessPage
from groundwork_lambda_host.settings import HostSettings, base_url
from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send
from groundwork_lambda_host.telemetry.page import MetricsPage
from groundwork_lambda_host.telemetry.registry import Telemetry
from groundwork_lambda_host.telemetry.spans import Spans
from groundwork_lambda_host.telemetry.zipkin import ZipkinSender
from groundwork_lambda_host.template import Stack

_ACCOUNT = "000000000000"
_HASTEN_EVERY_SECONDS = 1.0


class HostPart(Protocol):
    """A component that runs beside the gateway: pollers, the clock, the sockets."""

    async def start(self) -> None:
        """Start the component; the environments are running."""

    async def drain(self) -> None:
        """Accept no new work and finish running work; the environments are still running."""


class SocketsPart(HostPart, Protocol):
    """The WebSocket gateway and its management API."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket, or one HTTP request under the management prefix."""


class Host:
    """Serves a stack on one address. Must be created inside a running event loop.

        host = Host(load(path, parameters, addresses), HostSettings.from_environ(os.environ))
        host.add_sockets(Sockets(stack.socket, host.fleet, …, count=host.telemetry.sockets))
        host.add(Pollers(stack, invoker=host.fleet, …))
        await host.start()          # returns when it serves
        …                           # until SIGTERM
        await host.drain()          # returns when everything has ended

    Args:
        stack: The stack of the template.
        settings: Settings of the host.
        limits: Limits of one client.
        sink: Called with each log line of the functions.

    Attributes:
        fleet: The environments, through which parts invoke functions.
        telemetry: The metrics, to which parts report.
        address: Base URL for programs on this machine, such as `http://127.0.0.1:8000`.
    """

    def __init__(
        self,
        stack: Stack,
        settings: HostSettings,
        limits: ServerLimits | None = None,
        sink: Sink = to_stdout,
    ) -> None:
        self.settings = settings
        self._without_clients = frozenset(
            [mapping.function for mapping in stack.queue_mappings]
            + [schedule.function for schedule in stack.schedules]
        )
        self.telemetry = Telemetry()
        self.listener = _listen(settings.address, settings.port)
        self.port: int = self.listener.getsockname()[1]
        self.address = base_url(settings.address, self.port)
        surroundings = EnvironmentContext(
            shared={**settings.shared, "GROUNDWORK_NAMES_CALLER": "true"},
            socket={
                "WEBSOCKET_BATCH_URL": f"{settings.live_url or self.address}/@live/posts",
                "GROUNDWORK_HOST_TOKEN": settings.host_token,
            },
            sink=sink,
            metrics=self.telemetry.application.take,
        )
        spans = Spans() if settings.zipkin_url else None
        self._zipkin = (
            ZipkinSender(spans, settings.zipkin_url, self.telemetry.spans) if spans else None
        )
        self.fleet = Fleet(
            stack,
            Limits(
                most=settings.environments,
                wait_line=settings.wait_line,
                idle_seconds=settings.idle_seconds,
            ),
            surroundings,
            spans,
        )
        self._own: dict[str, App] = {
            "/metrics": MetricsPage(self.telemetry.registry, settings.metrics_token),
            "/@host": LivenessPage(),
        }
        self.gateway = Gateway(
            Routes(stack.routes),
            self.fleet.pools,
            EventBuilder("groundwork", stack.stage, _ACCOUNT),
            self._own,
            Cors(settings.cors_origins),
            Callers(stack.lanes),
            spans,
        )
        self.telemetry.watch(self.fleet.pools, self.gateway)
        access = AccessLog(to_stdout) if settings.access_log else None
        self._server = Server(
            self.gateway,
            limits or ServerLimits(),
            access,
            Hosts((*_own_names(settings.address), *settings.hosts)),
            ClientAddresses(settings.trusted_proxies),
        )
        self._parts: list[HostPart] = []
        self._serving = False
        self._drained = False

    def add(self, part: HostPart) -> None:
        """Add a part: it is started after the environments and drained before them."""
        self._parts.append(part)

    def add_sockets(self, sockets: SocketsPart, prefix: str = "/@live") -> None:
        """Route all WebSockets, and HTTP under the prefix, to this part."""
        self.gateway.sockets = sockets.serve
        self._own[prefix] = sockets.serve
        self.add(sockets)

    async def start(self) -> None:
        """Start the environments, then listen on the port, then start the parts."""
        await self.fleet.start()
        await self._server.start(self.listener)
        self._serving = True
        for part in self._parts:
            await part.start()
        if self._zipkin is not None:
            await self._zipkin.start()

    async def drain(self) -> None:
        """Accept no new work, finish running work, and end every process.

        Can be called in any state; a second call does nothing.
        """
        if self._drained:
            return
        self._drained = True
        if not self._serving:
            self.listener.close()
        hastening = asyncio.create_task(self._hasten())
        await asyncio.gather(
            *(part.drain() for part in self._parts),
            self._server.drain(
                announce_seconds=self.settings.announce_seconds,
                finish_seconds=self.settings.finish_seconds,
            ),
        )
        await self.fleet.drain(self.settings.finish_seconds)
        hastening.cancel()
        if self._zipkin is not None:
            await self._zipkin.close()

    async def _hasten(self) -> None:
        """Reduce the remaining time that events of queues and schedules see, while they finish."""
        while True:
            self.fleet.hasten(self._without_clients)
            await asyncio.sleep(_HASTEN_EVERY_SECONDS)


def _own_names(address: str) -> tuple[str, ...]:
    listening = ip_address(address)
    if listening.is_unspecified:
        return ()
    return (f"[{listening}]",) if ":" in address else (str(listening),)


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError:
        listener.close()
        raise
    return listener
