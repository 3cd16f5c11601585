"""The entities of one batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from groundwork_core.knowledge.graph.changes import Gone
from groundwork_core.knowledge.graph.model import Entity, Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.properties import entity_row
from groundwork_data.graph.statements import Statements
from groundwork_data.graph.tombstones import bury
from groundwork_data.graph.types import label

Found = Mapping[str, tuple[int, str | None]]
"""What stands under an id, by what it is there (`entity`, `awaited`, `tombstone`): version, type"""


def write_entities(run: Statements, changes: Mapping[Id, Entity | Gone]) -> int:
    """Apply what is newer than what stands; return how many were."""
    done = _updated(run, changes)
    left = {id_: change for id_, change in changes.items() if id_ not in done}
    return len(done) + (_write(run, left) if left else 0)


def _updated(run: Statements, changes: Mapping[Id, Entity | Gone]) -> set[Id]:
    """Write later versions over older ones of the same type; return which there were."""
    rows = [
        entity_row(change)
        for change in changes.values()
        if change.version > 1 and isinstance(change, Entity)
    ]
    return set(run.ask(cypher.UPDATE_ENTITIES, {"rows": rows})) if rows else set()


def _write(run: Statements, changes: Mapping[Id, Entity | Gone]) -> int:
    standing: dict[Id, dict[str, tuple[int, str | None]]] = defaultdict(dict)
    for id_, state, version, type_ in run.ask(cypher.STANDING_ENTITIES, {"ids": list(changes)}):
        standing[id_][state] = (version, type_)
    todo: dict[str, list[list[object]]] = defaultdict(list)
    delete: list[Gone] = []
    unbury: list[Id] = []
    for id_, change in changes.items():
        found = standing.get(id_, {})
        known = max((version for version, _ in found.values()), default=0)
        if change.version <= known:
            continue
        if isinstance(change, Gone):
            delete.append(change)
            continue
        if "tombstone" in found:
            unbury.append(id_)
        statement, row = _step(change, found)
        todo[statement].append(row)
    for statement, rows in todo.items():
        run.send(statement, {"rows": rows})
    if delete:
        run.send(cypher.DELETE_ENTITIES, {"ids": [gone.id for gone in delete]})
        bury(run, ((gone.id, gone.version) for gone in delete), "entity")
    if unbury:
        run.send(cypher.UNBURY, {"ids": unbury})
    return sum(map(len, todo.values())) + len(delete)


def _step(entity: Entity, found: Found) -> tuple[str, list[object]]:
    """Choose the statement that makes the node what it must be, and its row."""
    row, wanted = entity_row(entity), label(entity.type)
    if "entity" in found:
        return cypher.RETYPE_ENTITIES, [*row, wanted, label(found["entity"][1] or "")]
    if "awaited" in found:
        return cypher.WELCOME_ENTITIES, [*row, wanted]
    return cypher.create_entities(wanted), row
