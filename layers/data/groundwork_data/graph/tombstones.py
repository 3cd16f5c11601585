"""Tombstones of deleted rows, so that older changes do not restore them."""

from __future__ import annotations

from collections.abc import Iterable

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.statements import Statements


def write_tombstones(run: Statements, dead: Iterable[tuple[Id, int]], of: str) -> None:
    """Write tombstones of (id, version): changes up to that version are no longer applied."""
    rows = [[id_, version] for id_, version in dead]
    if rows:
        run.send(cypher.WRITE_TOMBSTONES, {"rows": rows, "of": of})
