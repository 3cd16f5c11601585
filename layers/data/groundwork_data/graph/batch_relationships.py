"""Write and delete the relationships of one batch.

A relationship is found by its type and id, because ids are indexed per type. Its type may change,
and events may come in any order. So when a relationship first appears with a version above 1, all
types are searched for it once, and a tombstone is written with the version before it. Older events
of any type then find the tombstone and are ignored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from groundwork_core.knowledge.graph.changes import Deletion
from groundwork_core.knowledge.graph.model import GraphRelationship, Id
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.graph.properties import relationship_row
from groundwork_data.graph.statements import Statements
from groundwork_data.graph.tombstones import write_tombstones

Change = GraphRelationship | Deletion


@dataclass(slots=True)
class _Plan:
    """The relationships of one type to create and to delete."""

    create: list[GraphRelationship] = field(default_factory=list)
    delete: list[Id] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Current:
    type: str
    version: int


def write_relationships(
    run: Statements, changes: Mapping[Id, Change], types: Collection[str]
) -> int:
    """Apply changes that are newer than the graph; return how many.

    `types` are all existing types.
    """
    done = _updated(run, changes)
    left = {id_: change for id_, change in changes.items() if id_ not in done}
    return len(done) + (_write(run, left, types) if left else 0)


def _updated(run: Statements, changes: Mapping[Id, Change]) -> set[Id]:
    """Update existing relationships of the same type and ends; return their ids."""
    later = (c for c in changes.values() if c.version > 1 and isinstance(c, GraphRelationship))
    done: set[Id] = set()
    for name, some in _by_type(later).items():
        done.update(run.ask(cypher.update(name), {"rows": [relationship_row(r) for r in some]}))
    return done


def _write(run: Statements, changes: Mapping[Id, Change], types: Collection[str]) -> int:
    buried = dict(run.ask(cypher.FIND_TOMBSTONES, {"ids": list(changes)}))
    newer = {i: c for i, c in changes.items() if c.version > buried.get(i, 0)}
    current = _read_current(run, newer, types)
    plans: dict[str, _Plan] = defaultdict(_Plan)
    dead: dict[Id, int] = {}
    deleted = 0
    for id_, change in newer.items():
        found = current.get(id_)
        if found is not None and found.version >= change.version:
            continue
        if found is not None:
            plans[found.type].delete.append(id_)
        if isinstance(change, Deletion):
            dead[id_] = change.version
            deleted += 1
            continue
        plans[change.type].create.append(change)
        if change.version > 1 and (found is None or found.type != change.type):
            dead[id_] = change.version - 1
    write_tombstones(run, dead.items(), "relationship")
    for name, plan in plans.items():
        if plan.delete:
            run.send(cypher.delete(name), {"ids": plan.delete})
    missing = _missing(run, {e for p in plans.values() for r in p.create for e in _ends(r)})
    return deleted + sum(_create(run, name, p.create, missing) for name, p in plans.items())


def _read_current(
    run: Statements, changes: Mapping[Id, Change], types: Collection[str]
) -> dict[Id, _Current]:
    """Read the current relationships: under their own type, then under all types if necessary."""
    found: dict[Id, _Current] = {}
    for name, some in _by_type(
        c for c in changes.values() if isinstance(c, GraphRelationship)
    ).items():
        found |= _find(run, name, [relationship.id for relationship in some])
    astray = [i for i, c in changes.items() if c.version > 1 and i not in found]
    for name in sorted(types) if astray else ():
        found |= _find(run, name, [i for i in astray if i not in found])
    return found


def _find(run: Statements, name: str, ids: list[Id]) -> dict[Id, _Current]:
    rows = run.ask(cypher.find(name), {"ids": ids}) if ids else []
    return {id_: _Current(name, version) for id_, version in rows}


def _missing(run: Statements, ends: Collection[Id]) -> dict[Id, bool]:
    """Return which ends are not entities now, and whether each was deleted."""
    return dict(run.ask(cypher.MISSING_ENDS, {"ids": sorted(ends)})) if ends else {}


def _create(
    run: Statements, name: str, relationships: list[GraphRelationship], missing: Mapping[Id, bool]
) -> int:
    """Create relationships in the order of their first end, which Neo4j stores fastest."""
    ready: list[list[object]] = []
    early: list[list[object]] = []
    awaited: set[Id] = set()
    for relationship in sorted(relationships, key=lambda r: r.from_id):
        lacking = [end for end in _ends(relationship) if end in missing]
        if any(missing[end] for end in lacking):
            continue  # a tombstone never gets a relationship
        (early if lacking else ready).append(relationship_row(relationship))
        awaited.update(lacking)
    if ready:
        run.send(cypher.create(name), {"rows": ready})
    if early:
        run.send(cypher.CREATE_AWAITED, {"ids": sorted(awaited)})
        run.send(cypher.create_awaiting(name), {"rows": early})
    return len(ready) + len(early)


def _by_type(relationships: Iterable[GraphRelationship]) -> Mapping[str, list[GraphRelationship]]:
    found: dict[str, list[GraphRelationship]] = defaultdict(list)
    for relationship in relationships:
        found[relationship.type].append(relationship)
    return found


def _ends(relationship: GraphRelationship) -> tuple[Id, Id]:
    return relationship.from_id, relationship.to_id
