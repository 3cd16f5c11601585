"""Tombstones of deleted rows, which stop older changes from restoring them."""

from __future__ import annotations

from collections.abc import Iterable

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.statements import Statements


def write_tombstones(run: Statements, dead: Iterable[tuple[Id, int]], of: str) -> None:
    """Write tombstones of (id, version), so that changes up to that version are not applied."""
    rows = [[id_, version] for id_, version in dead]
    if rows:
        run.send(cypher.WRITE_TOMBSTONES, {"rows": rows, "of": of})
