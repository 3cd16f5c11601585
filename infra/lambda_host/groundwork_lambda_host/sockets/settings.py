"""What the live gateway is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """The defaults are API Gateway's limits.

    Attributes:
        gateway: This gateway's name, unique among its peers.
        token: Shared secret of the management API; without it nobody may post.
        path: Path that takes WebSocket handshakes.
        peers: Base URL (`http://host:port/@live`) of every other gateway, by name.
        idle_seconds: A socket without a message either way for so long is closed.
        life_seconds: No socket lives longer; the `$connect` handler may say less.
        integration_seconds: How long a handler may take for one event.
        buffer_bytes: What a slow reader may leave unread before it is cut off.
        max_sockets: More are refused with 503.
        sockets_per_user: More are closed with 4429.
        messages_per_second: A socket that sends more is read more slowly.
        messages_at_once: So many may come without a pause.
        messages_unread: A socket with more is closed with 4429.
        sweep_seconds: How often sockets that are idle or at their end are looked for.
    """

    gateway: str
    token: str = field(repr=False)
    path: str = "/ws"
    peers: Mapping[str, str] = field(default_factory=dict)
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
