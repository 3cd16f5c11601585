"""Hosts of sources, in Postgres."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from groundwork_core.hosts.model import Circuit, HostRobots, SourceHost
from groundwork_core.hosts.pace import Pace
from groundwork_core.sources.robots_known import KnownRobots
from groundwork_data.postgres.claim_sql import MOST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

WAITING_MOST = 10_000
"""Waiting sources that are counted."""
LOCK = """
SELECT host, min_delay_ms, max_in_flight, obey_robots, next_allowed_at, delay_ms, duration_ms,
    mean_ms, crawl_delay_seconds, failures, circuit_until, circuit_opened_at, throttled_by
FROM hosts WHERE host = %s FOR UPDATE
"""
KEEP = f"""
UPDATE hosts h SET
    min_delay_ms = %(min_delay_ms)s, max_in_flight = %(max_in_flight)s,
    obey_robots = %(obey_robots)s, next_allowed_at = %(next_allowed_at)s, delay_ms = %(delay_ms)s,
    duration_ms = %(duration_ms)s, mean_ms = %(mean_ms)s,
    crawl_delay_seconds = %(crawl_delay_seconds)s, failures = %(failures)s,
    circuit_until = %(circuit_until)s, circuit_opened_at = %(circuit_opened_at)s,
    throttled_by = %(throttled_by)s,
    ready_at = CASE WHEN flying.number >= {
    MOST.replace("h.circuit_until", "%(circuit_until)s::timestamptz").replace(
        "h.max_in_flight", "%(max_in_flight)s::bigint"
    )
} THEN flying.until ELSE (
        SELECT greatest(t.due_at, %(next_allowed_at)s) FROM source_states t
        WHERE t.host = h.host AND t.due_at IS NOT NULL ORDER BY t.due_at LIMIT 1) END
FROM (SELECT count(*) AS number, min(claimed_until) AS until FROM source_states
    WHERE host = %(host)s AND claimed_until > %(now)s) flying
WHERE h.host = %(host)s
"""  # noqa: S608 - parts of our own
_SHOWN = """
SELECT h.host, h.min_delay_ms, h.max_in_flight, h.obey_robots,
    nullif(h.next_allowed_at, to_timestamp(0)), h.delay_ms, h.failures, h.circuit_until,
    (SELECT count(*) FROM source_states t WHERE t.host = h.host AND t.claimed_until > %(now)s
        AND t.fetching_until > %(now)s),
    (SELECT count(*) FROM (SELECT FROM source_states t WHERE t.host = h.host
        AND t.due_at <= %(now)s LIMIT %(most)s) due),
    r.status, r.fetched_at, r.crawl_delay_seconds
FROM hosts h LEFT JOIN LATERAL (SELECT * FROM robots r WHERE r.host = h.host
    ORDER BY r.fetched_at DESC LIMIT 1) r ON true
"""
ONE = _SHOWN + "WHERE h.host = %(host)s"
PAGE = _SHOWN + "WHERE h.host > %(after)s ORDER BY h.host LIMIT %(limit)s"
OBEYING = "SELECT host, min_delay_ms FROM hosts WHERE host = ANY(%s) AND obey_robots"
ROBOTS = """
SELECT origin, status, fetched_at, expires_at, body, crawl_delay_seconds FROM robots
WHERE origin = ANY(%s)
"""
KEEP_ROBOTS = """
INSERT INTO robots (origin, host, status, fetched_at, expires_at, body, crawl_delay_seconds)
VALUES (%(origin)s, %(host)s, %(status)s, %(fetched_at)s, %(expires_at)s, %(body)s,
    %(crawl_delay_seconds)s)
ON CONFLICT (origin) DO UPDATE SET host = excluded.host, status = excluded.status,
    fetched_at = excluded.fetched_at, expires_at = excluded.expires_at, body = excluded.body,
    crawl_delay_seconds = excluded.crawl_delay_seconds
"""
ROBOTS_MOST = 200
"""Kept of one host: one for each origin. A host can make up as many origins as it likes."""
TRIM_ROBOTS = """
DELETE FROM robots WHERE origin IN (
    SELECT origin FROM robots WHERE host = %s ORDER BY fetched_at DESC OFFSET %s)
"""
MAKE = "INSERT INTO hosts (host) VALUES (%s) ON CONFLICT DO NOTHING"


class PostgresHosts:
    """Implements `HostStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def lock(self, host: str) -> Pace | None:
        """Return a host's settings and state, locked until the transaction ends."""
        row = self._connection.execute(LOCK, [host]).fetchone()
        if row is None:
            return None
        *fields, throttled_by = row
        return replace(Pace(*fields), throttled_by=tuple(throttled_by))

    def keep(self, pace: Pace, now: datetime) -> None:
        """Store a host's state, and when its next source may be claimed."""
        self._connection.execute(
            KEEP,
            {
                "host": pace.host,
                "min_delay_ms": pace.min_delay_ms,
                "max_in_flight": pace.max_in_flight,
                "obey_robots": pace.obey_robots,
                "next_allowed_at": pace.next_allowed_at,
                "delay_ms": pace.delay_ms,
                "duration_ms": pace.duration_ms,
                "mean_ms": pace.mean_ms,
                "crawl_delay_seconds": pace.crawl_delay_seconds,
                "failures": pace.failures,
                "circuit_until": pace.circuit_until,
                "circuit_opened_at": pace.circuit_opened_at,
                "throttled_by": list(pace.throttled_by),
                "now": now,
            },
        )

    def make(self, host: str) -> None:
        """Store a host with default settings unless it exists."""
        self._connection.execute(MAKE, [host])

    def obeying(self, hosts: Sequence[str]) -> dict[str, float]:
        """Return those of the hosts that obey robots.txt, with their pauses in seconds."""
        rows = self._connection.execute(OBEYING, [list(hosts)])
        return {host: pause_ms / 1_000 for host, pause_ms in rows}

    def robots(self, origins: Sequence[str]) -> dict[str, KnownRobots]:
        """Return the stored robots.txt of these origins."""
        rows = self._connection.execute(ROBOTS, [list(origins)])
        return {row[0]: KnownRobots(*row) for row in rows}

    def keep_robots(self, host: str, robots: KnownRobots) -> None:
        """Store the robots.txt of an origin of a host; delete the oldest ones beyond a limit."""
        self._connection.execute(KEEP_ROBOTS, {"host": host, **asdict(robots)})
        self._connection.execute(TRIM_ROBOTS, [host, ROBOTS_MOST])

    def one(self, host: str, now: datetime) -> SourceHost | None:
        """Return one host as shown."""
        given = {"host": host, "now": now, "most": WAITING_MOST}
        row = self._connection.execute(ONE, given).fetchone()
        return None if row is None else _shown(row, now)

    def page(self, after: str, limit: int, now: datetime) -> list[SourceHost]:
        """Return hosts whose names follow `after`, ordered by name."""
        given = {"after": after, "limit": limit, "now": now, "most": WAITING_MOST}
        return [_shown(row, now) for row in self._connection.execute(PAGE, given)]


def _shown(row: tuple[Any, ...], now: datetime) -> SourceHost:
    (
        host, min_delay_ms, max_in_flight, obey_robots, next_allowed_at, delay_ms, failures,
        circuit_until, in_flight, waiting, robots, fetched_at, crawl_delay_seconds,
    ) = row  # fmt: skip
    state = Pace(host, circuit_until=circuit_until).circuit(now)
    circuit = {"state": state, "failures": failures, "until": circuit_until}
    return SourceHost(
        host=host,
        min_delay_ms=min_delay_ms,
        max_in_flight=max_in_flight,
        obey_robots=obey_robots,
        in_flight=in_flight,
        next_allowed_at=next_allowed_at,
        delay_ms=delay_ms,
        circuit=Circuit.model_validate(circuit),
        robots=HostRobots(
            status=robots, fetched_at=fetched_at, crawl_delay_seconds=crawl_delay_seconds
        ),
        waiting=waiting,
    )
