"""The open sockets of this gateway."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from groundwork_lambda_host.sockets.allowance import Allowance
from groundwork_lambda_host.sockets.asgi import Send
from groundwork_lambda_host.sockets.protocol import Channel

_CLOSE_WITHIN_SECONDS = 5.0


def new_id(gateway: str) -> str:
    """Return a new connection id that names its gateway, so that any gateway can forward to it."""
    return f"{gateway}-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"


def gateway_of(connection_id: str) -> str:
    """Return the gateway that a connection id names; empty for a foreign id."""
    return connection_id.rpartition("-")[0]


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket; times are Unix seconds.

    Attributes:
        line: The line in which its messages wait for an environment: that of its user.
        allowance: Rate limit of its messages.
    """

    id: str
    channel: Channel
    send: Send
    source_ip: str
    user_agent: str
    connected_at: float
    ends_at: float
    active_at: float
    buffer_bytes: int
    line: str
    allowance: Allowance
    closing: asyncio.Task[None] | None = field(default=None, repr=False)

    def post(self, frame: bytes, *, now: float) -> None:
        """Send a frame without waiting.

        Raises:
            SocketGone: It is closed, or was disconnected because its client reads too slowly.
        """
        self.channel.write(frame, buffer_bytes=self.buffer_bytes)
        self.active_at = now

    def close(self, code: int, reason: str) -> None:
        """Close the socket in the background; abort if the client does not respond."""
        if self.closing is None:
            self.closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_SECONDS):
                await self.send({"type": "websocket.close", "code": code, "reason": reason})
        except Exception:
            self.channel.abort()
            return
        # A client that does not read would keep the socket open for ever.
        asyncio.get_running_loop().call_later(_CLOSE_WITHIN_SECONDS, self.channel.abort)


class Connections:
    """Open sockets by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open.values()))

    def add(self, connection: Connection) -> None:
        """Add a socket."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """Remove a socket."""
        self._open.pop(connection.id, None)

    def get(self, connection_id: str) -> Connection | None:
        """Return the open socket of that id, or None."""
        return self._open.get(connection_id)
