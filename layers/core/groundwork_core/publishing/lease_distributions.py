"""Lease distributions to publishers over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.clock import Clock
from groundwork_core.errors import LeaseLost
from groundwork_core.publishing.distribution_message import DistributionMessage
from groundwork_core.publishing.ports import DistributionsWork
from groundwork_core.publishing.rows import DistributionLeaseQuery, LeasedDistribution
from groundwork_core.resources.field_types import INTEGRAL, Text, Word
from groundwork_core.resources.resource import Input

ATTEMPTS_MAX = 5
LEASES_MAX = 100
LEASE_SECONDS_MAX = 86_400
CHANNELS_MAX = 20
RETRY_BASE_SECONDS = 5
RETRY_MAX_SECONDS = 3_600
EXPIRED = {"class": "lease_expired", "message": "The publisher's last lease expired."}
EXPIRE_BATCH = 500
LOST = "The lease token is not that of the distribution's present lease; lease it again."


class DistributionLeaseRequest(Input):
    """A publisher's request for distributions."""

    channels: Annotated[
        tuple[Word, ...], Field(fail_fast=True, min_length=1, max_length=CHANNELS_MAX)
    ]
    worker: Word
    lease_seconds: Annotated[int, Field(ge=1, le=LEASE_SECONDS_MAX), INTEGRAL]
    max: Annotated[int, Field(ge=1, le=LEASES_MAX), INTEGRAL] | None = Field(
        None, description="If given, the response has `items`."
    )


class DistributionLeaseEnd(Input):
    """The end of a lease."""

    lease_token: UUID


class DistributionLeaseFailure(DistributionLeaseEnd):
    """The end of a lease after a failure."""

    failure: Literal["retryable", "bad_input", "internal"] = Field(alias="class")
    message: Annotated[Text, Field(max_length=2_000)]


class LeasedDistributionMessage(DistributionMessage):
    """The message of a distribution, with its lease."""

    model_config = ConfigDict(title="LeasedDistributionMessage")

    lease_token: UUID
    leased_until: datetime
    attempt: int


class LeasedDistributionMessages(BaseModel):
    """The messages of leased distributions."""

    model_config = ConfigDict(defer_build=True)

    items: list[LeasedDistributionMessage]


def lease_distributions(
    wanted: DistributionLeaseRequest, *, work: DistributionsWork, clock: Clock
) -> list[dict[str, JsonValue]]:
    """Lease distributions that wait for these channels, oldest first.

    Returns the messages with their leases.
    """
    now = clock.now()
    until = now + timedelta(seconds=wanted.lease_seconds)
    with work:
        leased = work.distributions.lease(
            DistributionLeaseQuery(
                wanted.channels, wanted.worker, now, until, wanted.max or 1, ATTEMPTS_MAX
            )
        )
    return [_shown(one) for one in leased]


def complete_distribution(
    row_id: UUID, token: UUID, *, work: DistributionsWork, clock: Clock
) -> None:
    """End a lease successfully. The distribution is then `sent`, unless deliveries are under way.

    Raises:
        LeaseLost: the token is not that of the current lease; nothing was changed.
    """
    with work:
        _attempt(row_id, token, work, clock)
        done = work.distributions.is_complete(row_id)
        work.distributions.end([row_id], "sent" if done else "sending", None)


def fail_distribution(
    row_id: UUID, failed: DistributionLeaseFailure, *, work: DistributionsWork, clock: Clock
) -> None:
    """End a lease with a failure; this counts as an attempt.

    The distribution fails after `bad_input` or the last attempt. Otherwise it can be leased again
    after a pause, which doubles with each attempt.

    Raises:
        LeaseLost: the token is not that of the current lease; nothing was changed.
    """
    error = {"class": failed.failure, "message": failed.message}
    with work:
        attempt = _attempt(row_id, failed.lease_token, work, clock)
        if failed.failure == "bad_input" or attempt >= ATTEMPTS_MAX:
            work.distributions.end([row_id], "failed", error)
            return
        pause = min(RETRY_BASE_SECONDS * 2 ** (attempt - 1), RETRY_MAX_SECONDS)
        work.distributions.give_back(row_id, attempt, clock.now() + timedelta(seconds=pause))
        work.distributions.keep_error(row_id, error)


def release_distribution(
    row_id: UUID, token: UUID, *, work: DistributionsWork, clock: Clock
) -> None:
    """Give a distribution back without counting an attempt.

    Raises:
        LeaseLost: the token is not that of the current lease; nothing was changed.
    """
    with work:
        attempt = _attempt(row_id, token, work, clock)
        work.distributions.give_back(row_id, attempt - 1, clock.now())


def expire_leases(*, work: DistributionsWork, clock: Clock) -> int:
    """Fail distributions whose last attempt ended with an expired lease; return how many."""
    now = clock.now()
    with work:
        found: Sequence[UUID] = work.distributions.exhausted(now, ATTEMPTS_MAX, EXPIRE_BATCH)
        work.callbacks.lock_distributions(found)
        # Check again, now that no other transaction can end the lease.
        silent = set(found) & set(work.distributions.exhausted(now, ATTEMPTS_MAX, EXPIRE_BATCH))
        work.distributions.end(silent, "failed", EXPIRED)
        work.distributions.remove_ended(now, EXPIRE_BATCH)
    return len(silent)


def _attempt(row_id: UUID, token: UUID, work: DistributionsWork, clock: Clock) -> int:
    """Lock the distribution, then its lease, as callbacks do; return the number of the attempt."""
    work.callbacks.lock_distributions({row_id})
    attempt = work.distributions.attempt_of(row_id, token, clock.now())
    if attempt is None:
        raise LeaseLost(LOST)
    return attempt


def _shown(leased: LeasedDistribution) -> dict[str, JsonValue]:
    return {
        **leased.message,
        "lease_token": str(leased.lease_token),
        "leased_until": leased.leased_until.isoformat(),
        "attempt": leased.attempt,
    }
