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
    """Return the combined confidence of independent parties, or None if there is no statement.

    A party is either a source, of whose documents the most certain statement counts, or all clients
    together. If parties are wrong independently of each other, the entity is wrong only if all of
    them are: 1 - Π(1 - c).
    """
    parties = sorted([*by_source, *([] if said is None else [said])])
    if not parties:
        return None
    if len(parties) == 1:
        return parties[0]
    return round(1 - prod(1 - one for one in parties), DIGITS)


def weigh(ids: Collection[UUID], store: ConfidenceStore) -> set[UUID]:
    """Recompute confidences after a change of statements; return entities that were skipped.

    A skipped entity is locked by another transaction, which may be changing its statements. Waiting
    for that transaction could be a deadlock; so `weigh_left` computes these confidences after the
    commit.
    """
    due = {entity for entity, _ in _changes(ids, store)}
    if not due:
        return set()
    free = store.lock_free(due)
    store.set_confidences(_changes(free, store))  # read again: others have committed meanwhile
    return due - free


def weigh_left(ids: Collection[UUID], store: ConfidenceStore) -> None:
    """Compute confidences in a transaction that holds no other locks; wait for other writers."""
    store.set_confidences(_changes(store.lock(ids), store))


def _changes(ids: Collection[UUID], store: ConfidenceStore) -> list[tuple[UUID, float]]:
    changes = []
    for one in store.standings(ids) if ids else ():
        value = combined(one.by_source, one.said)
        if value is not None and value != one.confidence and not one.is_set:
            changes.append((one.entity_id, value))
    return changes
