"""Counts of failed logins, and known devices, in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.identity.login_throttle import Failures

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


class PostgresLoginFailures:
    """Implements `LoginFailureStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def of(self, subjects: Iterable[str]) -> Mapping[str, Failures]:
        """Return the counts of the subjects that have one."""
        rows = self._connection.execute(
            "SELECT subject, failures, window_ends_at FROM login_failures WHERE subject = ANY(%s)",
            (list(subjects),),
        )
        return {row[0]: Failures(row[1], row[2]) for row in rows}

    def count(self, subjects: Iterable[str], now: datetime, window_ends_at: datetime) -> None:
        """Count a failure for each subject; after the end of its window, a count starts again."""
        # In the order of subjects, so that concurrent calls do not deadlock.
        self._connection.execute(
            "INSERT INTO login_failures AS f (subject, failures, window_ends_at)"
            " SELECT s, 1, %(ends)s FROM unnest(%(subjects)s::text[]) s ORDER BY s"
            " ON CONFLICT (subject) DO UPDATE SET"
            " failures = CASE WHEN f.window_ends_at <= %(now)s THEN 1 ELSE f.failures + 1 END,"
            " window_ends_at = CASE WHEN f.window_ends_at <= %(now)s THEN excluded.window_ends_at"
            " ELSE f.window_ends_at END",
            {"subjects": sorted(subjects), "now": now, "ends": window_ends_at},
        )

    def clear(self, subject: str) -> None:
        """Delete the count of a subject."""
        self._connection.execute("DELETE FROM login_failures WHERE subject = %s", (subject,))

    def keep(self, subject: str, until: datetime) -> None:
        """Store a subject without failures until `until`."""
        self._connection.execute(
            "INSERT INTO login_failures (subject, failures, window_ends_at) VALUES (%s, 0, %s)"
            " ON CONFLICT (subject) DO UPDATE SET window_ends_at = excluded.window_ends_at",
            (subject, until),
        )
