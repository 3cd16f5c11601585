"""The last reading of the database's clock, and the planned times that move with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.clock_jumps.model import ClockReading

if TYPE_CHECKING:
    from datetime import timedelta

    from psycopg import Connection
    from psycopg.rows import TupleRow

LAST = """
SELECT read_at, boot, uptime_seconds FROM clock_readings WHERE name = 'ingestion' FOR UPDATE
"""
KEEP = """
INSERT INTO clock_readings (name, read_at, boot, uptime_seconds) VALUES ('ingestion', %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET read_at = excluded.read_at, boot = excluded.boot,
    uptime_seconds = excluded.uptime_seconds
"""
# Sources before hosts, as where polls are recorded.
MOVE_PLANS = (
    """
UPDATE source_states SET
    next_poll_at = CASE WHEN next_poll_reason = 'cron' AND %(jump)s > interval '0'
        THEN next_poll_at ELSE next_poll_at + %(jump)s END,
    claimed_until = claimed_until + %(jump)s, fetch_at = fetch_at + %(jump)s,
    fetching_until = fetching_until + %(jump)s
""",
    # `ready_at` may be too early, but not too late: sources by cron are not moved onward.
    """
UPDATE hosts SET ready_at = ready_at + least(%(jump)s, interval '0'),
    next_allowed_at = CASE WHEN next_allowed_at = to_timestamp(0) THEN next_allowed_at
        ELSE next_allowed_at + %(jump)s END,
    circuit_until = circuit_until + %(jump)s, circuit_opened_at = circuit_opened_at + %(jump)s
""",
    "UPDATE robots SET expires_at = expires_at + %(jump)s",
    """
UPDATE push_subscriptions SET until = until + %(jump)s, next_try_at = next_try_at + %(jump)s,
    confirmed_at = confirmed_at + %(jump)s, polled_at = polled_at + %(jump)s,
    pushed_at = pushed_at + %(jump)s
""",
    """
UPDATE schedule_states t SET next_run_at = next_run_at + %(jump)s,
    next_runs = ARRAY(SELECT one + %(jump)s FROM unnest(next_runs) one ORDER BY one)
FROM schedules s WHERE s.id = t.schedule_id AND s.schedule ->> 'kind' = 'interval'
""",
)


class PostgresClockReadings:
    """Implements `ClockReadings`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def last(self) -> ClockReading | None:
        """Return the last reading, locked until the transaction ends."""
        row = self._connection.execute(LAST).fetchone()
        return None if row is None else ClockReading(*row)

    def keep(self, reading: ClockReading) -> None:
        """Store a reading as the last one."""
        self._connection.execute(KEEP, (reading.at, reading.boot, reading.uptime_seconds))

    def move_plans(self, jump: timedelta) -> None:
        """Move planned times of sources, hosts, robots.txt, hubs and interval schedules."""
        for statement in MOVE_PLANS:
            self._connection.execute(statement, {"jump": jump})
