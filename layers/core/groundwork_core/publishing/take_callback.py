"""Apply a callback of a publisher once, after verifying its signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid, Unauthenticated, Unavailable
from groundwork_core.publishing.delivery_updates import (
    ENDED,
    CallbackTaken,
    DeliveryCallback,
    DeliveryState,
    DeliveryUpdate,
    moved,
)
from groundwork_core.publishing.end_distributions import end_finished
from groundwork_core.publishing.ports import CallbackStore, FinishedDistributions, PublishersWork
from groundwork_core.publishing.remembered_secrets import RememberedSecrets
from groundwork_core.publishing.signatures import (
    REFUSED,
    TOLERANCE,
    SignedMessage,
    is_signed_with,
    key_of,
    read_headers,
)

Key = tuple[UUID, str]
LOCKED_ALONE_MAX = 20
"""Deliveries that a callback locks each by itself; the locks of all transactions are limited."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The publisher that signed a message, in the version whose secret holds."""

    publisher_id: UUID
    version: int


def verify_callback(
    headers: Mapping[str, str], body: bytes, *, secrets: RememberedSecrets, clock: Clock
) -> tuple[Signer, SignedMessage]:
    """Return which publisher signed a message, and the message's headers.

    Raises:
        Unauthenticated: the headers are malformed, too old or too new, or no enabled publisher
            has signed this body. The message is the same for all of these.
        Unavailable: the secret of a publisher, maybe of this one, cannot be decrypted.
    """
    now = clock.now()
    message = read_headers(headers, now)
    for known in (secrets.remembered, secrets.recent):
        signers = [
            Signer(one.publisher_id, one.version)
            for one in known(now)
            if is_signed_with(map(key_of, one.valid_at(now)), message, body)
        ]
        if signers:
            return signers[0], message
    if secrets.some_unreadable:
        raise Unavailable("The signature cannot be verified now; send the callback again.")
    raise Unauthenticated(REFUSED)


def take_callback(
    signer: Signer,
    message: SignedMessage,
    callback: DeliveryCallback,
    *,
    work: PublishersWork,
    finished: FinishedDistributions,
    clock: Clock,
) -> CallbackTaken | None:
    """Apply a verified callback in one transaction; a repeated one changes nothing.

    Returns None, and does nothing, if the publisher has changed since its secrets were read.

    Raises:
        Invalid: an update is said to have occurred in the future.
    """
    now = clock.now()
    told_at = callback.timestamp or message.sent_at
    dated = [(update, update.occurred_at or told_at) for update in callback.updates]
    _check_times([at for _, at in dated], now)
    received = len(dated)
    with work:
        claim = work.callbacks.claim(signer.publisher_id, signer.version, message.id, now)
        if claim == "changed":
            return None
        if claim == "repeated":
            return CallbackTaken(received=received, repeated=True)
        there = _lock([update for update, _ in dated], work.callbacks)
        taken = _apply([one for one in dated if one[0].distribution_id in there], work.callbacks)
    ended = {one.distribution_id for one, _ in dated if one.status in ENDED} & there
    if ended:
        end_finished(ended, work=work, finished=finished)
    return taken.model_copy(
        update={"received": received, "unknown": received - taken.received},
    )


def _lock(updates: Sequence[DeliveryUpdate], callbacks: CallbackStore) -> set[UUID]:
    """Lock deliveries, or where there are many their distributions; return which of these exist."""
    if len(updates) > LOCKED_ALONE_MAX:
        return callbacks.lock_distributions({one.distribution_id for one in updates})
    return callbacks.share_distributions(
        [(one.distribution_id, one.recipient, one.external_id) for one in updates]
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
