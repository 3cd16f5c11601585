"""Upsert many entities or relationships in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from groundwork_core.errors import Fault, Unavailable
from groundwork_core.knowledge.confidence import weigh, weigh_left
from groundwork_core.knowledge.statements import (
    EdgeRow,
    EntityRow,
    state_edge,
    state_entity,
)
from groundwork_core.resources.bulk import BulkOutcome, Refused, Upserted
from groundwork_core.resources.survivors import joined

if TYPE_CHECKING:
    from groundwork_core.knowledge.ports import KnowledgeWork
    from groundwork_core.knowledge.resources import NewEntity, NewRelationship

TRIES = 3
MOST_ALIASES = 1_000

Row = TypeVar("Row")
Item = TypeVar("Item")


def upsert_entities(
    items: Mapping[int, NewEntity], *, work: Callable[[], KnowledgeWork]
) -> BulkOutcome:
    """Insert entities, or merge them into those with the same type and key. `items` is by index.

    An item without a key is always inserted. Items with the same key are merged in their order; the
    first one gets the outcome, the others count as updates.

    Raises:
        Unavailable: three deadlocks, or no connection; nothing was stored.
    """
    return _retried(lambda: _entities(items, work()))


def upsert_relationships(
    items: Mapping[int, NewRelationship], *, work: Callable[[], KnowledgeWork]
) -> BulkOutcome:
    """Insert relationships, or merge them into those with the same ends, type and valid_from.

    An end that was merged is replaced by its survivor. An item whose ends do not exist, or were
    merged into one entity, is refused; the other items are stored.

    Raises:
        Unavailable: as `upsert_entities`.
    """
    return _retried(lambda: _relationships(items, work()))


def _entities(items: Mapping[int, NewEntity], work: KnowledgeWork) -> BulkOutcome:
    places: dict[Hashable, list[int]] = {}
    rows: dict[Hashable, EntityRow] = {}
    for place, item in items.items():
        same: Hashable = place if item.key is None else (item.type, item.key)
        if same not in rows:
            rows[same] = EntityRow(item.type, item.key, item.name, item.confidence)
        state_entity(rows[same], item, MOST_ALIASES)
        rows[same].said = rows[same].confidence
        places.setdefault(same, []).append(place)
    with work:
        done = work.knowledge.upsert_entities(list(rows.values()), MOST_ALIASES)
        left = weigh([one.id for one in done if one.outcome == "updated"], work.confidences)
    if left:
        with work:
            weigh_left(left, work.confidences)
    return BulkOutcome(_outcomes(items, places, done, {}), work.position)


def _relationships(items: Mapping[int, NewRelationship], work: KnowledgeWork) -> BulkOutcome:
    with work:
        ends = {end for item in items.values() for end in (item.from_id, item.to_id)}
        survivors = work.knowledge.hold_entities(sorted(ends)) if ends else {}
        refused: dict[int, Refused] = {}
        places: dict[Hashable, list[int]] = {}
        rows: dict[Hashable, EdgeRow] = {}
        for place, item in items.items():
            faults = _edge_faults(item, survivors)
            if faults:
                refused[place] = Refused(faults)
                continue
            same = (survivors[item.from_id], survivors[item.to_id], item.type, item.valid_from)
            if same not in rows:
                rows[same] = EdgeRow(*same, item.valid_to, item.confidence)
            state_edge(rows[same], item)
            places.setdefault(same, []).append(place)
        done = work.knowledge.upsert_relationships(list(rows.values()))
    return BulkOutcome(_outcomes(items, places, done, refused), work.position)


def _edge_faults(item: NewRelationship, survivors: Mapping[UUID, UUID]) -> tuple[Fault, ...]:
    named = {"from_id": item.from_id, "to_id": item.to_id}
    faults = [
        Fault(f"/{name}", "does not exist") for name, end in named.items() if end not in survivors
    ]
    if not faults:
        faults += joined(named, {name: survivors[end] for name, end in named.items()})
    if item.valid_from and item.valid_to and item.valid_from >= item.valid_to:
        faults.append(Fault("/valid_to", "must be after valid_from"))
    return tuple(faults)


def _outcomes(
    items: Mapping[int, Item],
    places: Mapping[Hashable, list[int]],
    done: Sequence[Upserted],
    refused: Mapping[int, Refused],
) -> list[Upserted | Refused]:
    outcomes: dict[int, Upserted | Refused] = dict(refused)
    for (first, *others), one in zip(places.values(), done, strict=True):
        outcomes[first] = one
        again = Upserted(one.id, "updated") if one.outcome == "created" else one
        outcomes.update(dict.fromkeys(others, again))
    return [outcomes[place] for place in items]


def _retried(act: Callable[[], BulkOutcome]) -> BulkOutcome:
    """Retry after a deadlock with another transaction."""
    for left in reversed(range(TRIES)):
        try:
            return act()
        except Unavailable:
            if not left:
                raise
    raise AssertionError
