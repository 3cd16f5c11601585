"""Begin epochs: versions after a restore are higher than all versions that were lost.

The functions of migration 0015 do the work; this module calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database


def begin_epoch(database: Database, reason: str) -> int:
    """Begin a new epoch after a restore in place; return the lowest version of the new epoch.

    Raises Unavailable if Postgres cannot be reached.
    """
    row = database.row("SELECT groundwork_begin_epoch(%s)", [reason])
    return int(row[0]) if row else 0


def notice_restore(database: Database) -> int | None:
    """Begin a new epoch if the data was written on another server.

    Returns the lowest version of the new epoch, or None. Raises Unavailable if Postgres cannot be
    reached.
    """
    row = database.row("SELECT groundwork_notice_restore()")
    return None if row is None else row[0]
