"""Settings of the WebSocket gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """Settings of the WebSocket gateway. The defaults are API Gateway's limits.

    Attributes:
        gateway: Name of this gateway, unique among its peers.
        token: Shared secret for the management API; empty: all requests are refused.
        path: Path of WebSocket handshakes.
        peers: Base URL (`http://host:port/@live`) of every other gateway that is known from the
            start, by name.
        peer_hosts: Names and ports at whose addresses other gateways are found.
        port: Port of this gateway, by which the others reach it.
        greet_seconds: Interval of the search for other gateways.
        idle_seconds: A socket without a message in either direction for this time is closed.
        life_seconds: Maximum life of a socket; the `$connect` handler can shorten it.
        integration_seconds: Timeout of a handler for one event.
        buffer_bytes: A client that leaves more than this unread is disconnected.
        max_sockets: Number of sockets; further ones are refused with 503.
        sockets_per_user: Sockets of one user; further ones are closed with 4429.
        messages_per_second: A socket that sends more is read more slowly.
        messages_at_once: Burst of messages that is read without delay.
        messages_unread: A socket with more unprocessed messages is closed with 4429.
        sweep_seconds: Interval of the search for idle and expired sockets.
    """

    gateway: str
    token: str = field(repr=False)
    path: str = "/ws"
    peers: Mapping[str, str] = field(default_factory=dict)
    peer_hosts: tuple[tuple[str, int], ...] = ()
    port: int = 8000
    greet_seconds: float = 5.0
    idle_seconds: float = 600.0
    life_seconds: float = 7200.0
    integration_seconds: float = 29.0
    buffer_bytes: int = 1024 * 1024
    max_sockets: int = 20_000
    sockets_per_user: int = 20
    messages_per_second: float = 10.0
    messages_at_once: int = 50
    messages_unread: int = 100
    sweep_seconds: float = 1.0
