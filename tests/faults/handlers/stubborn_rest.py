"""The REST function, which never replaces a broken connection."""

from groundwork_data.postgres.database import Database
from groundwork_data.postgres.server_connection import ServerConnection
from groundwork_functions.rest_api.handler import handler

__all__ = ["handler"]

opened = ServerConnection.open


def keep(self):  # type: ignore[no-untyped-def]
    """Open once and never again."""
    return self._connection or opened(self)


ServerConnection.open = keep  # type: ignore[method-assign]
ServerConnection._stale = lambda *_: False  # type: ignore[method-assign]
Database._may_retry = lambda self: False  # type: ignore[method-assign]
