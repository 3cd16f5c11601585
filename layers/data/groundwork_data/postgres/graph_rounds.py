"""Progress and outcome of comparing the graph with Postgres, kept in one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from groundwork_core.knowledge.graph.rounds import Claim, ComparedPart, Drift, Verdict

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

CLAIM = """
UPDATE graph_check SET claimed_until = clock_timestamp() + make_interval(secs => %s),
    began_at = coalesce(began_at, clock_timestamp())
WHERE name = 'graph' AND claimed_until < clock_timestamp()
RETURNING claimed_until, place, drift
"""
KEEP = """
UPDATE graph_check SET claimed_until = '-infinity', place = %s, drift = %s
WHERE name = 'graph' AND claimed_until = %s
"""
END = """
UPDATE graph_check SET claimed_until = '-infinity', began_at = NULL, place = NULL, drift = '{}',
    ended_at = clock_timestamp(), last_drift = %s,
    seconds = extract(epoch FROM clock_timestamp() - began_at)
WHERE name = 'graph' AND claimed_until = %s
"""
GIVE_BACK = """
UPDATE graph_check SET claimed_until = '-infinity' WHERE name = 'graph' AND claimed_until = %s
"""
# A run that holds a claim loses it: its comparison is older than this one.
COMPARED = """
UPDATE graph_check SET claimed_until = '-infinity', began_at = NULL, place = NULL, drift = '{}',
    ended_at = clock_timestamp(), last_drift = %s
WHERE name = 'graph'
"""
VERDICT = """
SELECT last_drift, drift, seconds,
    greatest(extract(epoch FROM clock_timestamp() - coalesce(ended_at, began_at)), 0)::float8
FROM graph_check WHERE name = 'graph'
"""


class PostgresGraphRounds:
    """Implements `Rounds`. All times are those of the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, seconds: float) -> Claim | None:
        """Claim the current round for some seconds; None while another run has claimed it."""
        row = self._database.row(CLAIM, (seconds,))
        return Claim(*row) if row else None

    def keep(self, claim: Claim, part: ComparedPart) -> None:
        """Store the compared part and release the claim; no effect if the claim has expired."""
        drift = Jsonb(dict(part.drift))
        if part.last:
            self._database.rows(END, (drift, claim.until))
        else:
            self._database.rows(KEEP, (Jsonb(dict(part.place)), drift, claim.until))

    def give_back(self, claim: Claim) -> None:
        """Release a claim without having compared anything."""
        self._database.rows(GIVE_BACK, (claim.until,))

    def compared(self, drift: Drift) -> None:
        """Store the outcome of a complete comparison; the current round starts again."""
        self._database.rows(COMPARED, (Jsonb(dict(drift)),))

    def verdict(self) -> Verdict:
        """Return the last outcome, merged with that of the current round."""
        row = self._database.row(VERDICT)
        if row is None:
            message = "the table graph_check has no row 'graph'; run `groundwork migrate`"
            raise LookupError(message)
        last, so_far, seconds, age = row
        drift = {kind: max(last.get(kind, 0), so_far.get(kind, 0)) for kind in {**last, **so_far}}
        return Verdict(drift, seconds, age)
