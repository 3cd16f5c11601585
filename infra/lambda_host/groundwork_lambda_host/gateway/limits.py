"""What one client may take of the host."""

from dataclasses import dataclass

MOST_BODY_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The defaults are API Gateway's, or what keeps a host up where it says nothing.

    Attributes:
        header_bytes: Request line and headers.
        header_seconds: From the first byte of a request (or the connection) to its last header.
        body_bytes: A longer body is answered with 413.
        discarded_bytes: What is read and thrown away of a body that is too long, so that a client
            that sends first and listens later sees its 413 instead of a reset connection.
        body_seconds: Longest silence within a body.
        whole_body_seconds: For the whole body.
        idle_seconds: A kept-alive connection without a request is closed.
        write_seconds: A client that reads nothing of its answer for so long is cut off.
        connections: More are answered with 503.
    """

    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    body_bytes: int = MOST_BODY_BYTES
    discarded_bytes: int = 64 * 1024 * 1024
    body_seconds: float = 10.0
    whole_body_seconds: float = 60.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    connections: int = 10_000
