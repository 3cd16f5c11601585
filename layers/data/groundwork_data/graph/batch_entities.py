"""Write and delete the entities of one batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from groundwork_core.knowledge.graph.changes import Deletion
from groundwork_core.knowledge.graph.model import GraphEntity, Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.properties import entity_row
from groundwork_data.graph.statements import Statements
from groundwork_data.graph.tombstones import write_tombstones
from groundwork_data.graph.types import label

Found = Mapping[str, tuple[int, str | None]]
"""Version and type of an id's nodes, by their state: `entity`, `awaited` or `tombstone`."""


def write_entities(run: Statements, changes: Mapping[Id, GraphEntity | Deletion]) -> int:
    """Create and update entities that are newer than in the graph; return how many."""
    alive = [change for change in changes.values() if isinstance(change, GraphEntity)]
    done = _updated(run, alive)
    left = [entity for entity in alive if entity.id not in done]
    return len(done) + (_write(run, left) if left else 0)


def delete_entities(run: Statements, changes: Mapping[Id, GraphEntity | Deletion]) -> int:
    """Delete entities whose deletion is new, with their relationships; return how many.

    Called last in a batch: changes of their relationships are applied while the entities still
    exist, and any remaining relationships are deleted with them.
    """
    gone = [change for change in changes.values() if isinstance(change, Deletion)]
    if not gone:
        return 0
    current = _read_current(run, gone)
    newer = [one for one in gone if one.version > _known(current.get(one.id, {}))]
    run.send(cypher.DELETE_ENTITIES, {"ids": [one.id for one in newer]})
    write_tombstones(run, ((one.id, one.version) for one in newer), "entity")
    return len(newer)


def _updated(run: Statements, entities: Iterable[GraphEntity]) -> set[Id]:
    """Update existing entities of the same type to later versions; return their ids."""
    rows = [entity_row(entity) for entity in entities if entity.version > 1]
    return set(run.ask(cypher.UPDATE_ENTITIES, {"rows": rows})) if rows else set()


def _write(run: Statements, entities: Sequence[GraphEntity]) -> int:
    current = _read_current(run, entities)
    todo: dict[str, list[list[object]]] = defaultdict(list)
    unbury: list[Id] = []
    for entity in entities:
        found = current.get(entity.id, {})
        if entity.version <= _known(found):
            continue
        if "tombstone" in found:
            unbury.append(entity.id)
        statement, row = _step(entity, found)
        todo[statement].append(row)
    for statement, rows in todo.items():
        run.send(statement, {"rows": rows})
    if unbury:
        run.send(cypher.DELETE_TOMBSTONES, {"ids": unbury})
    return sum(map(len, todo.values()))


def _read_current(run: Statements, changes: Iterable[GraphEntity | Deletion]) -> Mapping[Id, Found]:
    """Read the current nodes of these ids."""
    current: dict[Id, dict[str, tuple[int, str | None]]] = defaultdict(dict)
    ids = [change.id for change in changes]
    for id_, state, version, type_ in run.ask(cypher.FIND_ENTITIES, {"ids": ids}):
        current[id_][state] = (version, type_)
    return current


def _known(found: Found) -> int:
    """Return the latest version that the graph has had; 0 for none."""
    return max((version for version, _ in found.values()), default=0)


def _step(entity: GraphEntity, found: Found) -> tuple[str, list[object]]:
    """Choose the statement that writes the entity, and build its row."""
    row, wanted = entity_row(entity), label(entity.type)
    if "entity" in found:
        return cypher.RETYPE_ENTITIES, [*row, wanted, label(found["entity"][1] or "")]
    if "awaited" in found:
        return cypher.FILL_AWAITED, [*row, wanted]
    return cypher.create_entities(wanted), row
