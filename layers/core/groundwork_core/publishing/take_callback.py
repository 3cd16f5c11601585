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
)
from groundwork_core.publishing.end_distributions import end_finished
from groundwork_core.publishing.planned_updates import Dated, PlannedUpdates, planned_updates
from groundwork_core.publishing.ports import FinishedDistributions, PublishersWork, QuickCallbacks
from groundwork_core.publishing.remembered_secrets import RememberedSecrets
from groundwork_core.publishing.rows import CallbackClaim, CallbackOutcome, StoredDeliveries
from groundwork_core.publishing.signatures import (
    REFUSED,
    TOLERANCE,
    SignedMessage,
    is_signed_with,
    key_of,
    read_headers,
)

TRIES_WITHOUT_LOCK = 3
"""Most attempts before the distributions are locked, so that nobody else can be quicker."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The publisher that signed a message, with its version when the secret was read."""

    publisher_id: UUID
    version: int


def verify_callback(
    headers: Mapping[str, str], body: bytes, *, secrets: RememberedSecrets, clock: Clock
) -> tuple[Signer, SignedMessage]:
    """Return the publisher that signed a message, and the message's headers.

    Raises:
        Unauthenticated: the headers are malformed, too old or too new, or no enabled publisher
            has signed this body. The error message is the same in all these cases.
        Unavailable: a publisher's secret, which may be the one used, cannot be decrypted.
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
    callbacks: QuickCallbacks,
    work: PublishersWork,
    finished: FinishedDistributions,
    clock: Clock,
) -> CallbackTaken | None:
    """Apply a verified callback in one transaction; a repeated one changes nothing.

    Returns None, and does nothing, if the publisher has changed since its secrets were read.

    Raises:
        Invalid: the time of an update is in the future.
        Unavailable: other transactions keep changing the same deliveries.
    """
    now = clock.now()
    told_at = callback.timestamp or message.sent_at
    dated = [(update, update.occurred_at or told_at) for update in callback.updates]
    _check_times([at for _, at in dated], now)
    claim = CallbackClaim(signer.publisher_id, signer.version, message.id, now)
    ids = frozenset(update.distribution_id for update, _ in dated)
    for _ in range(TRIES_WITHOUT_LOCK):
        outcome, planned = _try(claim, dated, ids, callbacks)
        if outcome != "outdated":
            break
    else:
        with work:
            work.callbacks.lock_distributions(ids)
            outcome, planned = _try(claim, dated, ids, callbacks)
    if outcome == "changed":
        return None
    if outcome == "repeated":
        return CallbackTaken(received=len(dated), repeated=True)
    if outcome == "outdated":
        raise Unavailable("The deliveries are being changed; send the callback again.")
    ended = {one.distribution_id for one, _ in dated if one.status in ENDED}
    if ended:
        end_finished(ended, work=work, finished=finished)
    return planned.taken


def _try(
    claim: CallbackClaim, dated: Dated, ids: frozenset[UUID], callbacks: QuickCallbacks
) -> tuple[CallbackOutcome, PlannedUpdates]:
    """Store a callback as if its deliveries were new; if some are stored, update those instead."""
    planned = planned_updates(dated, StoredDeliveries(ids, ()))
    named = [(one.distribution_id, one.recipient, one.external_id) for one, _ in dated]
    outcome = callbacks.take_new(claim, named, planned.states)
    if isinstance(outcome, StoredDeliveries):
        planned = planned_updates(dated, outcome)
        outcome = callbacks.take_known(claim, outcome.distributions, planned.states)
    return outcome, planned


def _check_times(moments: Sequence[datetime], now: datetime) -> None:
    faults = tuple(
        Fault(f"/data/{place}/occurred_at", "is in the future")
        for place, at in enumerate(moments)
        if at > now + TOLERANCE
    )
    if faults:
        raise Invalid("The input is invalid; see errors.", faults)
