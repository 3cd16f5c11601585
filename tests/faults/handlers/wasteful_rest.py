"""The REST function, which opens a connection for each request and never closes it."""

from groundwork_data.postgres.server_connection import ServerConnection
from groundwork_functions.rest_api.handler import handler as rest

forgotten: list[object] = []


def handler(event, context):  # type: ignore[no-untyped-def]
    """Answers on a connection of its own."""
    answer = rest(event, context)
    for server in servers:
        forgotten.append(server._connection)
        server._connection = None
    return answer


servers: list[ServerConnection] = []
made = ServerConnection.__init__


def remember(self, *given, **more):  # type: ignore[no-untyped-def]
    """Keep every connection."""
    made(self, *given, **more)
    servers.append(self)


ServerConnection.__init__ = remember  # type: ignore[method-assign]
