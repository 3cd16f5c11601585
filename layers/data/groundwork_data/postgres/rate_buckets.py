"""Token buckets in Postgres, filled by Postgres' clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.rate_limits.ports import LeasedTokens, Rate

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

# statement_timestamp() is the same moment throughout the statement. If this statement waited for
# the row while a later one ran, greatest() keeps filled_at from going back.
LEASE = """
INSERT INTO rate_buckets AS b (principal, tokens, granted, filled_at)
VALUES (%s, %s::float8 - %s::float8, %s::float8, statement_timestamp())
ON CONFLICT (principal) DO UPDATE SET (tokens, granted, filled_at) = (
    SELECT a.there - g.granted, g.granted, greatest(b.filled_at, statement_timestamp())
    FROM (SELECT least(%s::float8, b.tokens + %s::float8 + %s::float8 * greatest(0,
            extract(epoch FROM statement_timestamp() - b.filled_at)::float8)) AS there) a,
        LATERAL (SELECT CASE WHEN floor(a.there) >= %s::float8
            THEN least(%s::float8, floor(a.there)) ELSE 0 END AS granted) g)
RETURNING granted, tokens
"""


class PostgresTokenBuckets:
    """Implements `TokenBuckets`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(
        self, principal: str, rate: Rate, *, wanted: int, least: int, returned: int
    ) -> LeasedTokens:
        """Return unused tokens, then take up to `wanted`; none if fewer than `least` are there."""
        burst, per_second = rate.burst, rate.per_second
        new = (principal, burst, wanted, wanted)
        parameters = (*new, burst, returned, per_second, least, wanted)
        ((granted, left),) = self._database.write_texts(LEASE, parameters)
        return LeasedTokens(int(float(granted or 0)), float(left or 0))
