"""Apply a callback of a publisher once, after verifying its signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid, Unauthenticated
from groundwork_core.publishing.delivery_updates import (
    CallbackTaken,
    DeliveryCallback,
    DeliveryState,
    DeliveryUpdate,
    moved,
)
from groundwork_core.publishing.ports import CallbackStore, PublisherSecretsReader, PublishersWork
from groundwork_core.publishing.signatures import (
    REFUSED,
    TOLERANCE,
    SignedMessage,
    is_signed_with,
    key_of,
    read_headers,
)

Key = tuple[UUID, str]


def verify_callback(
    headers: Mapping[str, str], body: bytes, *, publishers: PublisherSecretsReader, clock: Clock
) -> tuple[UUID, SignedMessage]:
    """Return which publisher signed a message, and the message's headers.

    Raises:
        Unauthenticated: the headers are malformed, too old or too new, or no enabled publisher
            has signed this body. The message is the same for all of these.
    """
    now = clock.now()
    message = read_headers(headers, now)
    signers = [
        one.publisher_id
        for one in publishers.valid_at(now)
        if is_signed_with(map(key_of, one.secrets), message, body)
    ]
    if not signers:
        raise Unauthenticated(REFUSED)
    return signers[0], message


def take_callback(
    publisher_id: UUID,
    message: SignedMessage,
    callback: DeliveryCallback,
    *,
    work: PublishersWork,
    clock: Clock,
) -> CallbackTaken:
    """Apply a verified callback in one transaction; one that was taken before changes nothing.

    Raises:
        Invalid: an update is said to have occurred in the future.
    """
    now = clock.now()
    told_at = callback.timestamp or message.sent_at
    dated = [(update, update.occurred_at or told_at) for update in callback.updates]
    _check_times([at for _, at in dated], now)
    received = len(dated)
    with work:
        if not work.callbacks.claim(publisher_id, message.id, now):
            return CallbackTaken(received=received, repeated=True)
        there = work.callbacks.lock_distributions({one.distribution_id for one, _ in dated})
        taken = _apply([one for one in dated if one[0].distribution_id in there], work.callbacks)
        work.callbacks.end_distributions(there)
    return taken.model_copy(
        update={"received": received, "unknown": received - taken.received},
    )


def _check_times(moments: Sequence[datetime], now: datetime) -> None:
    faults = tuple(
        Fault(f"/data/{place}/occurred_at", "is in the future")
        for place, at in enumerate(moments)
        if at > now + TOLERANCE
    )
    if faults:
        raise Invalid("The input is invalid; see errors.", faults)


def _apply(
    dated: Sequence[tuple[DeliveryUpdate, datetime]], callbacks: CallbackStore
) -> CallbackTaken:
    """Apply updates in the order of their times to the deliveries of locked distributions."""
    found = callbacks.known(
        [(one.distribution_id, one.recipient, one.external_id) for one, _ in dated]
    )
    known = {(one.distribution_id, one.recipient): one for one in found}
    holders: dict[Key, str] = {
        (one.distribution_id, one.external_id): one.recipient for one in found if one.external_id
    }
    changed: dict[Key, DeliveryState] = {}
    stale = conflicting = 0
    for update, at in sorted(dated, key=lambda one: one[1]):
        key = (update.distribution_id, update.recipient)
        external = (update.distribution_id, update.external_id or "")
        if update.external_id and holders.get(external, update.recipient) != update.recipient:
            conflicting += 1
            continue
        after = moved(known.get(key), update, at)
        if after is None:
            stale += 1
            continue
        if after.external_id:
            holders[(after.distribution_id, after.external_id)] = after.recipient
        known[key] = changed[key] = after
    callbacks.store(list(changed.values()))
    applied = len(dated) - stale - conflicting
    return CallbackTaken(received=len(dated), applied=applied, stale=stale, conflicting=conflicting)
