"""Limits on what one client may use of the host."""

from dataclasses import dataclass

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_OWN_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits of the HTTP server. The defaults are those of API Gateway where it has one.

    Attributes:
        header_bytes: Size of a request without its body: request line, headers, and the chunk
            extensions and trailers of a chunked body.
        header_seconds: Time from the start of a request (or connection) to its last header.
        chunks: Number of chunks of a body.
        body_bytes: A longer body gets 413.
        own_body_bytes: The same for the host's own paths: batches of messages to sockets.
        discarded_bytes: How much of a body that is too long is read and discarded, so that a
            client that sends before it reads gets the 413 instead of a reset connection.
        body_seconds: Longest pause within a body.
        whole_body_seconds: Time for the whole body.
        idle_seconds: A kept-alive connection without a request is closed.
        write_seconds: A client that reads nothing of its response for this time is disconnected.
        unread_bytes: The next request of a connection waits while more than this is unread.
        held_bytes: Memory for bodies and unread responses of all connections; half of it for one
            address. Requests that exceed it get 503.
        connections: Number of connections; further ones get 503.
    """

    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    chunks: int = 100_000
    body_bytes: int = MAX_BODY_BYTES
    own_body_bytes: int = MAX_OWN_BODY_BYTES
    discarded_bytes: int = 64 * 1024 * 1024
    body_seconds: float = 10.0
    whole_body_seconds: float = 60.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    unread_bytes: int = 64 * 1024
    held_bytes: int = 256 * 1024 * 1024
    connections: int = 10_000
