"""Compute the new states of deliveries from a callback and the stored states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from groundwork_core.publishing.delivery_updates import (
    CallbackTaken,
    DeliveryState,
    DeliveryUpdate,
    moved,
)
from groundwork_core.publishing.rows import StoredDeliveries

Key = tuple[UUID, str]
Dated = Sequence[tuple[DeliveryUpdate, datetime]]
"""Updates, each with the time at which it occurred."""


@dataclass(frozen=True, slots=True)
class PlannedUpdates:
    """The new states of deliveries, and the response to the publisher."""

    states: Sequence[DeliveryState]
    taken: CallbackTaken


def planned_updates(dated: Dated, stored: StoredDeliveries) -> PlannedUpdates:
    """Apply updates to the stored states, in the order of their times. Stores nothing."""
    known = {(one.distribution_id, one.recipient): one for one in stored.deliveries}
    holders: dict[Key, str] = {
        (one.distribution_id, one.external_id): one.recipient
        for one in stored.deliveries
        if one.external_id
    }
    changed: dict[Key, DeliveryState] = {}
    taken = CallbackTaken(received=len(dated))
    for update, at in sorted(dated, key=lambda one: one[1]):
        key = (update.distribution_id, update.recipient)
        external = (update.distribution_id, update.external_id or "")
        if update.distribution_id not in stored.distributions:
            taken.unknown += 1
            continue
        if update.external_id and holders.get(external, update.recipient) != update.recipient:
            taken.conflicting += 1
            continue
        after = moved(known.get(key), update, at)
        if after is None:
            taken.stale += 1
            continue
        if after.external_id:
            holders[(after.distribution_id, after.external_id)] = after.recipient
        known[key] = changed[key] = after
        taken.applied += 1
    return PlannedUpdates(list(changed.values()), taken)
