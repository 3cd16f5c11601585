"""WebSockets in memory."""

import threading
from collections.abc import Iterable, Sequence

from groundwork_core.realtime.ports import Post


class MemorySockets:
    """Implements `groundwork_core.realtime.ports.Sockets`; keeps what each open socket got."""

    def __init__(self, *connections: str) -> None:
        self.got: dict[str, list[str]] = {connection: [] for connection in connections}
        self.closed: list[str] = []
        self._lock = threading.Lock()

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        gone = set()
        with self._lock:
            for post in posts:
                for connection in post.connections:
                    if connection in self.got:
                        self.got[connection].append(post.data)
                    else:
                        gone.add(connection)
        return frozenset(gone)

    def close(self, connections: Iterable[str]) -> None:
        for connection in connections:
            self.closed.append(connection)
            self.got.pop(connection, None)
