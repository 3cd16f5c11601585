"""The rounds of comparing both stores, as a row."""

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
# Whoever has a claim loses it: what it compares is older than this.
COMPARED = """
UPDATE graph_check SET claimed_until = '-infinity', began_at = NULL, place = NULL, drift = '{}',
    ended_at = clock_timestamp(), last_drift = %s
WHERE name = 'graph'
"""
VERDICT = """
SELECT last_drift, drift, seconds,
    coalesce(extract(epoch FROM clock_timestamp() - coalesce(ended_at, began_at)), 0)::float8
FROM graph_check WHERE name = 'graph'
"""


class PostgresGraphRounds:
    """Implements `Rounds`. All times are the database's."""

    def __init__(self, database: Database) -> None:
        """Take a connection."""
        self._database = database

    def claim(self, seconds: float) -> Claim | None:
        """Take the round under way for so long; None while another run has it."""
        row = self._database.row(CLAIM, (seconds,))
        return Claim(*row) if row else None

    def keep(self, claim: Claim, part: ComparedPart) -> None:
        """Write down what was compared, and let go. No more ours: it changes nothing."""
        drift = Jsonb(dict(part.drift))
        if part.last:
            self._database.rows(END, (drift, claim.until))
        else:
            self._database.rows(KEEP, (Jsonb(dict(part.place)), drift, claim.until))

    def give_back(self, claim: Claim) -> None:
        """Let go of a claim with nothing compared."""
        self._database.rows(GIVE_BACK, (claim.until,))

    def compared(self, drift: Drift) -> None:
        """Write down that all was compared at once; the round under way begins anew."""
        self._database.rows(COMPARED, (Jsonb(dict(drift)),))

    def verdict(self) -> Verdict:
        """Return what is known now."""
        row = self._database.row(VERDICT)
        if row is None:
            message = "the row of graph_check is missing"
            raise LookupError(message)
        last, so_far, seconds, age = row
        drift = {kind: max(last.get(kind, 0), so_far.get(kind, 0)) for kind in {**last, **so_far}}
        return Verdict(drift, seconds, age)
