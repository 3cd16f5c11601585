"""The REST function, which keeps the connection that it has, whatever became of it."""

from groundwork_data.postgres.database import Database
from groundwork_functions.rest_api.handler import handler

__all__ = ["handler"]

opened = Database._open


def keep(self):  # type: ignore[no-untyped-def]
    """Open once and never again."""
    return self._connection or opened(self)


Database._open = keep  # type: ignore[method-assign]
Database._stale = lambda *_: False  # type: ignore[method-assign]
Database._may_retry = lambda self: False  # type: ignore[method-assign]
