"""Run the statements of one graph transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neo4j import ManagedTransaction

    from groundwork_data.graph.driver import Parameters

KEEP_THE_PLAN = "CYPHER replan=skip "
"""Every statement uses an index, whatever the statistics. Without this, Neo4j plans statements
again when the statistics of a new graph change, which took several seconds of the first ten."""


class Statements:
    """Runs statements in a transaction."""

    def __init__(self, transaction: ManagedTransaction) -> None:
        self._transaction = transaction

    def ask(self, text: str, parameters: Parameters) -> list[Any]:
        """Run a query and return its one list, `rows`.

        The query returns one list, because the driver receives records one by one, and another
        thread may run at each wait.
        """
        record = self._transaction.run(KEEP_THE_PLAN + text, dict(parameters)).single(strict=True)
        rows: list[Any] = record["rows"]
        return rows

    def send(self, text: str, parameters: Parameters) -> None:
        """Send a statement without waiting; its error is raised here or by a later call."""
        self._transaction.run(KEEP_THE_PLAN + text, dict(parameters))
