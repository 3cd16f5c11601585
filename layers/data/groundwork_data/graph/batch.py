"""One transaction of the projection: only what is newer, under a lock, tombstones for deletes.

A relationship is looked up under its type, for ids are indexed by type. Its type may change, and
events may come in any order; so whenever a relationship appears first at a later version than 1,
all types are searched for it once, and a tombstone just below that version is left behind: what
is older finds the tombstone, whatever its type was.

Nothing waits for what a writing statement answers: while Neo4j runs it, the next one is prepared.
If one fails, the next question or the commit raises its error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groundwork_core.knowledge.graph.changes import Changes, Gone
from groundwork_core.knowledge.graph.model import Entity, Id, Relationship
from groundwork_core.knowledge.graph.ports import Applied
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.properties import entity_properties, relationship_row
from groundwork_data.graph.types import label

if TYPE_CHECKING:
    from neo4j import ManagedTransaction, Result

    from groundwork_data.graph.driver import Parameters


@dataclass(slots=True)
class _Edges:
    """What is to be done with the relationships of one type."""

    create: list[Relationship] = field(default_factory=list)
    update: list[Relationship] = field(default_factory=list)
    delete: list[Id] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Standing:
    type: str
    version: int
    from_id: Id
    to_id: Id


class Batch:
    """One transaction: reads what stands, decides, writes."""

    def __init__(self, transaction: ManagedTransaction, types: frozenset[str]) -> None:
        self._transaction = transaction
        self._types = types
        self._skipped = 0

    def apply(self, changes: Changes) -> Applied:
        """Apply what is newer than what stands."""
        position = self._ask(cypher.LOCK, {})[0]
        entities = self._entities(changes.entities) if changes.entities else 0
        edges = self._relationships(changes.relationships) if changes.relationships else 0
        if changes.upto > (position["xid"], position["row"]):
            self._send(cypher.ADVANCE, {"xid": changes.upto[0], "row": changes.upto[1]})
        return Applied(entities, edges, self._skipped)

    def force(self, aggregate: str, ids: list[Id], truth: Callable[[list[Id]], Changes]) -> None:
        """Make entities or relationships what the truth says; see `Neo4jProjection.force`."""
        self._ask(cypher.LOCK, {})  # its answer is waited for: only then is the truth asked
        changes = truth(ids)
        if aggregate == "entities":
            gone = [id_ for id_ in ids if id_ not in changes.entities]
            self._send(cypher.DELETE_ENTITIES, {"ids": gone})
            self._send(cypher.FORGET_ENTITIES, {"ids": ids})
            self._send(cypher.UNBURY, {"ids": ids})
            self._entities(changes.entities)
            return
        self._send(cypher.UNBURY, {"ids": ids})
        for name in sorted({*self._types, *self._all_types()}):
            self._send(cypher.delete_any(name), {"ids": ids})
        self._relationships(changes.relationships)

    def _all_types(self) -> list[str]:
        return [row["type"] for row in self._ask(cypher.ALL_TYPES, {})]

    # ── Entities ─────────────────────────────────────────────────────────────────────────────────

    def _entities(self, changes: Mapping[Id, Entity | Gone]) -> int:
        standing: dict[Id, dict[str, tuple[int, str | None]]] = defaultdict(dict)
        for row in self._ask(cypher.STANDING_ENTITIES, {"ids": list(changes)}):
            standing[row["id"]][row["state"]] = (row["version"], row["type"])
        todo: dict[str, list[dict[str, object]]] = defaultdict(list)
        delete: list[Gone] = []
        unbury: list[Id] = []
        for id_, change in changes.items():
            found = standing.get(id_, {})
            known = max((version for version, _ in found.values()), default=0)
            if change.version <= known:
                self._skipped += 1
            elif isinstance(change, Gone):
                delete.append(change)
            else:
                if "tombstone" in found:
                    unbury.append(id_)
                statement, row = _entity_step(change, found)
                todo[statement].append(row)
        for statement, rows in todo.items():
            self._send(statement, {"rows": rows})
        if delete:
            self._send(cypher.DELETE_ENTITIES, {"ids": [gone.id for gone in delete]})
            self._bury(((gone.id, gone.version) for gone in delete), "entity")
        if unbury:
            self._send(cypher.UNBURY, {"ids": unbury})
        return sum(map(len, todo.values())) + len(delete)

    # ── Relationships ────────────────────────────────────────────────────────────────────────────

    def _relationships(self, changes: Mapping[Id, Relationship | Gone]) -> int:
        buried = {
            row["id"]: row["version"]
            for row in self._ask(cypher.STANDING_TOMBSTONES, {"ids": list(changes)})
        }
        newer = {i: c for i, c in changes.items() if c.version > buried.get(i, 0)}
        standing = self._standing(newer)
        plans: dict[str, _Edges] = defaultdict(_Edges)
        bury: dict[Id, int] = {}
        for id_, change in newer.items():
            found = standing.get(id_)
            if found is not None and found.version >= change.version:
                continue
            if isinstance(change, Gone):
                bury[id_] = change.version
                if found is not None:
                    plans[found.type].delete.append(id_)
                continue
            if found is not None and _same_place(found, change):
                plans[change.type].update.append(change)
                continue
            plans[change.type].create.append(change)
            if found is not None:
                plans[found.type].delete.append(id_)
            if change.version > 1 and (found is None or found.type != change.type):
                bury[id_] = change.version - 1
        self._bury(bury.items(), "relationship")
        done = self._write(plans) + sum(isinstance(newer[i], Gone) for i in bury)
        self._skipped += len(changes) - done
        return done

    def _standing(self, changes: Mapping[Id, Relationship | Gone]) -> dict[Id, _Standing]:
        """Find what stands: under its type, and, where it may have another, under all."""
        by_type: dict[str, list[Id]] = defaultdict(list)
        for id_, change in changes.items():
            if isinstance(change, Relationship):
                by_type[change.type].append(id_)
        found: dict[Id, _Standing] = {}
        for name, ids in by_type.items():
            found |= self._find(name, ids)
        astray = [i for i, c in changes.items() if c.version > 1 and i not in found]
        if astray:
            for name in sorted(self._types):
                found |= self._find(name, [i for i in astray if i not in found])
        return found

    def _find(self, name: str, ids: list[Id]) -> dict[Id, _Standing]:
        rows = self._ask(cypher.standing(name), {"ids": ids}) if ids else []
        return {
            row["id"]: _Standing(name, row["version"], row["from_id"], row["to_id"]) for row in rows
        }

    def _write(self, plans: Mapping[str, _Edges]) -> int:
        for name, plan in plans.items():
            if plan.delete:
                self._send(cypher.delete(name), {"ids": plan.delete})
        ends = {e for p in plans.values() for r in p.create for e in (r.from_id, r.to_id)}
        missing = self._missing(ends)
        written = 0
        for name, plan in plans.items():
            if plan.update:
                rows = [relationship_row(edge) for edge in plan.update]
                self._send(cypher.update(name), {"rows": rows})
            written += len(plan.update) + self._create(name, plan.create, missing)
        return written

    def _missing(self, ends: Collection[Id]) -> dict[Id, bool]:
        """Return the ends that are no entities now, and whether they were deleted."""
        if not ends:
            return {}
        rows = self._ask(cypher.MISSING_ENDS, {"ids": sorted(ends)})
        return {row["id"]: row["buried"] for row in rows}

    def _create(
        self, name: str, relationships: list[Relationship], missing: Mapping[Id, bool]
    ) -> int:
        """Create in the order of their first end, which Neo4j stores fastest."""
        ready: list[dict[str, object]] = []
        early: list[dict[str, object]] = []
        awaited: set[Id] = set()
        for edge in sorted(relationships, key=lambda r: r.from_id):
            lacking = [e for e in (edge.from_id, edge.to_id) if e in missing]
            if lacking and any(missing[end] for end in lacking):
                continue  # never an edge to a tombstone
            (early if lacking else ready).append(relationship_row(edge))
            awaited.update(lacking)
        if ready:
            self._send(cypher.create(name), {"rows": ready})
        if early:
            self._send(cypher.AWAIT, {"ids": sorted(awaited)})
            self._send(cypher.create_awaiting(name), {"rows": early})
        return len(ready) + len(early)

    # ─────────────────────────────────────────────────────────────────────────────────────────────

    def _bury(self, dead: Iterable[tuple[Id, int]], of: str) -> None:
        rows = [{"id": id_, "version": version} for id_, version in dead]
        if rows:
            self._send(cypher.BURY, {"rows": rows, "of": of})

    def _ask(self, text: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Return the rows of an answer."""
        return self._send(text, parameters).data()

    def _send(self, text: str, parameters: Parameters) -> Result:
        """Have a statement run, without waiting for its answer."""
        return self._transaction.run(text, dict(parameters))


def _entity_step(
    entity: Entity, found: Mapping[str, tuple[int, str | None]]
) -> tuple[str, dict[str, object]]:
    """Choose the statement that makes the node what it must be, and its row."""
    row: dict[str, object] = {"properties": entity_properties(entity)}
    wanted = label(entity.type)
    if "entity" in found:
        was = label(found["entity"][1] or "")
        if was == wanted:
            return cypher.UPDATE_ENTITIES, row
        return cypher.RETYPE_ENTITIES, row | {"label": wanted, "was": was}
    if "awaited" in found:
        return cypher.WELCOME_ENTITIES, row | {"label": wanted}
    return cypher.CREATE_ENTITIES, row | {"label": wanted}


def _same_place(found: _Standing, change: Relationship) -> bool:
    return (found.type, found.from_id, found.to_id) == (change.type, change.from_id, change.to_id)
