"""uvicorn's WebSocket protocol with the limits of API Gateway and direct writes.

Sending a message must not wait for the client to read: it is one write into the transport's
buffer, without a task or queue per connection. A client whose buffer is full is disconnected, so
that a slow reader uses a bounded amount of memory and delays no other.
"""

import asyncio
import logging
import struct

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.server import ServerProtocol

from groundwork_lambda_host.telemetry.line_rate_limit import LineRateLimit

MAX_FRAME_BYTES = 32 * 1024
MAX_MESSAGE_BYTES = 128 * 1024
PING_EVERY_SECONDS = 30.0
PONG_WITHIN_SECONDS = 20.0
EXTENSION = "groundwork.channel"

_TEXT_FINAL = 0x81
_SHORT = 126
_MEDIUM = 1 << 16

# The server's log lines would contain the query string, and with it the ticket.
_QUIET = logging.getLogger("groundwork_command.sockets")
_QUIET.setLevel(logging.WARNING)
_QUIET.addFilter(LineRateLimit())


class SocketGone(Exception):
    """Raised if the socket is closed, or was disconnected because its client reads too slowly."""


def text_frame(text: bytes) -> bytes:
    """Return an unmasked, final text frame (RFC 6455 section 5.2), usable for every socket."""
    length = len(text)
    if length < _SHORT:
        return bytes((_TEXT_FINAL, length)) + text
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT_FINAL, 126, length) + text
    return struct.pack("!BBQ", _TEXT_FINAL, 127, length) + text


class SocketProtocol(WebSocketsSansIOProtocol):
    """The protocol class to pass to uvicorn as `ws`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _QUIET
        self.ping_interval = PING_EVERY_SECONDS
        self.ping_timeout = PONG_WITHIN_SECONDS
        # No compression: API Gateway offers none, and it needs 40 KB per socket.
        self.conn = ServerProtocol(
            extensions=[], max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES), logger=_QUIET
        )

    def data_received(self, data: bytes) -> None:
        """Read the handshake and frames.

        A client that sends frames before its handshake is answered is disconnected: RFC 6455
        section 4.1 forbids it, and the parser could not read them.
        """
        if self.close_sent and not self.handshake_complete:
            return  # the handshake has been refused
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.abort()
            return
        super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Close with the code of the error; before the handshake abort, as no code can be sent."""
        if self.conn.close_sent is None:
            self.transport.abort()
            return
        super().handle_parser_exception()

    async def run_asgi(self) -> None:
        """Run the application with a channel in the scope's extensions."""
        extensions = self.scope["extensions"]
        if extensions is not None:
            extensions[EXTENSION] = {"channel": Channel(self)}
        await super().run_asgi()


class Channel:
    """The write side of one socket."""

    def __init__(self, protocol: SocketProtocol) -> None:
        self._protocol = protocol

    def write(self, frame: bytes, *, buffer_bytes: int) -> None:
        """Write a frame to the transport; return at once.

        Raises:
            SocketGone: It is closed, or was disconnected with more than `buffer_bytes` unread.
        """
        protocol = self._protocol
        transport = protocol.transport
        if protocol.disconnected or protocol.close_sent or transport.is_closing():
            raise SocketGone
        if transport.get_write_buffer_size() > buffer_bytes:
            transport.abort()
            raise SocketGone
        transport.write(frame)

    @property
    def gone(self) -> bool:
        """True if the client has disconnected."""
        return self._protocol.disconnected or self._protocol.transport.is_closing()

    @property
    def unread(self) -> int:
        """Number of received messages that were not processed yet."""
        return self._protocol.queue.qsize()

    def abort(self) -> None:
        """Drop the connection without a close frame. Safe to call twice."""
        self._protocol.transport.abort()
