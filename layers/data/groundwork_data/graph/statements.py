"""The statements of one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neo4j import ManagedTransaction

    from groundwork_data.graph.driver import Parameters

KEEP_THE_PLAN = "CYPHER replan=skip "
"""Every statement here finds things by an index, whatever the statistics; made anew with each of
their changes, the plans of a young graph's types took seconds out of ten."""


class Statements:
    """Runs statements in a transaction."""

    def __init__(self, transaction: ManagedTransaction) -> None:
        self._transaction = transaction

    def ask(self, text: str, parameters: Parameters) -> list[Any]:
        """Return what a question collects as `rows`.

        One list, not a record for each: the driver receives records one by one, and whenever it
        waits for the next, another thread may keep it from going on.
        """
        answer = self._transaction.run(KEEP_THE_PLAN + text, dict(parameters)).single(strict=True)
        rows: list[Any] = answer["rows"]
        return rows

    def send(self, text: str, parameters: Parameters) -> None:
        """Have a statement run. If it fails, this or whatever comes next raises its error."""
        self._transaction.run(KEEP_THE_PLAN + text, dict(parameters))
