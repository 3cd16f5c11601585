"""Sockets that subscribe to topics."""

from groundwork_core.realtime.subscribe import subscribe

from .conftest import Live


def listen(live: Live, socket: str, *topics: str, since: int | None = None) -> None:
    subscribe(socket, topics, since, work=live.work(), sockets=live.sockets)
