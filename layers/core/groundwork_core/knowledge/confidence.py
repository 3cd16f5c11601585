"""Compute an entity's confidence from its statements (docs/decisions/0070)."""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from groundwork_core.knowledge.ports import ConfidenceStore

DIGITS = 9


def combined(by_source: Collection[float], said: float | None) -> float | None:
    """Return the confidence that independent parties give together; None without a statement.

    A party is a source, with the most certain statement of its documents, or all clients. Each is
    taken to be wrong by itself, so the entity is wrong only if all of them are: 1 - Π(1 - c).
    """
    parties = sorted([*by_source, *([] if said is None else [said])])
    if not parties:
        return None
    if len(parties) == 1:
        return parties[0]
    return round(1 - prod(1 - one for one in parties), DIGITS)


def weigh(ids: Collection[UUID], store: ConfidenceStore) -> set[UUID]:
    """Recompute confidences after a change of statements; return entities that are left.

    Those are locked by another transaction, which may change statements of them as well. `weigh`
    does not wait for it, for it may wait for us; weigh_left does, after the commit.
    """
    due = {entity for entity, _ in _changes(ids, store)}
    if not due:
        return set()
    free = store.lock_free(due)
    store.set_confidences(_changes(free, store))  # read again: others have committed meanwhile
    return due - free


def weigh_left(ids: Collection[UUID], store: ConfidenceStore) -> None:
    """Compute confidences in a transaction that has locked nothing else; wait for others."""
    store.set_confidences(_changes(store.lock(ids), store))


def _changes(ids: Collection[UUID], store: ConfidenceStore) -> list[tuple[UUID, float]]:
    changes = []
    for one in store.standings(ids) if ids else ():
        value = combined(one.by_source, one.said)
        if value is not None and value != one.confidence and not one.is_set:
            changes.append((one.entity_id, value))
    return changes
