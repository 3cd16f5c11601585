"""The REST function, which opens a connection for each request and forgets to close it."""

from groundwork_data.postgres.database import Database
from groundwork_functions.rest_api.handler import handler as rest

forgotten: list[object] = []


def handler(event, context):  # type: ignore[no-untyped-def]
    """Answers on a connection of its own."""
    answer = rest(event, context)
    for database in databases:
        forgotten.append(database._connection)
        database._connection = None
    return answer


databases: list[Database] = []
made = Database.__init__


def remember(self, *given, **more):  # type: ignore[no-untyped-def]
    """Keep an eye on every database."""
    made(self, *given, **more)
    databases.append(self)


Database.__init__ = remember  # type: ignore[method-assign]
