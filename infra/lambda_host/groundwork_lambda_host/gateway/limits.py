"""What one client may take of the host."""

from dataclasses import dataclass

MOST_BODY_BYTES = 10 * 1024 * 1024
MOST_OWN_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The defaults are API Gateway's, or what keeps a host up where it says nothing.

    Attributes:
        header_bytes: All of a request that is not its body: request line and headers, and of a
            chunked body the extensions and trailers.
        header_seconds: From the first byte of a request (or the connection) to its last header.
        chunks: Parts of a chunked body.
        body_bytes: A longer body is answered with 413.
        own_body_bytes: The same for the host's own paths: batches of posts to sockets.
        discarded_bytes: What is read and thrown away of a body that is too long, so that a client
            that sends first and listens later sees its 413 instead of a reset connection.
        body_seconds: Longest silence within a body.
        whole_body_seconds: For the whole body.
        idle_seconds: A kept-alive connection without a request is closed.
        write_seconds: A client that reads nothing of its answer for so long is cut off.
        unread_bytes: While more of its answers waits to be read, a connection's next request waits.
        held_bytes: Bodies and unread answers of all connections together; half of it for one
            address. What exceeds it is answered with 503.
        connections: More are answered with 503.
    """

    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    chunks: int = 100_000
    body_bytes: int = MOST_BODY_BYTES
    own_body_bytes: int = MOST_OWN_BODY_BYTES
    discarded_bytes: int = 64 * 1024 * 1024
    body_seconds: float = 10.0
    whole_body_seconds: float = 60.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    unread_bytes: int = 64 * 1024
    held_bytes: int = 256 * 1024 * 1024
    connections: int = 10_000
