"""What is left of the dead, so that nothing older brings them back."""

from __future__ import annotations

from collections.abc import Iterable

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.statements import Statements


def bury(run: Statements, dead: Iterable[tuple[Id, int]], of: str) -> None:
    """Leave tombstones, (id, version) each: nothing up to that version may be applied again."""
    rows = [[id_, version] for id_, version in dead]
    if rows:
        run.send(cypher.BURY, {"rows": rows, "of": of})
