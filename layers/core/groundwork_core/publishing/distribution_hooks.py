"""Hooks of writes of distributions."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.configuration.ports import JsonSchemas
from groundwork_core.errors import Conflict, Fault, Invalid
from groundwork_core.publishing.distribution_message import USERS_MAX, as_id
from groundwork_core.publishing.distributions import (
    DISTRIBUTIONS,
    DistributionPatch,
    NewDistribution,
)
from groundwork_core.publishing.ports import DistributionsWork
from groundwork_core.publishing.start_distributions import start_now
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks

WAITING = frozenset({"draft", "scheduled"})
FIXED = frozenset({"channel", "spec", "scheduled_at"})


class DistributionWriteHooks(NoWriteHooks[DistributionsWork]):
    """Starts a distribution that is due, and refuses changes once it has gone out."""

    def __init__(self, clock: Clock, public_url: str, checker: JsonSchemas) -> None:
        """`checker` checks preferences of recipients against their schemas."""
        self._checker = checker
        self._clock = clock
        self._public_url = public_url
        self._status: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: DistributionsWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the user ids in the spec.

        Raises:
            Invalid: they are not a list of at most 1,000 ids.
        """
        if isinstance(given, NewDistribution | DistributionPatch):
            if "status" in given.model_fields_set:
                self._status = given.status
            users = given.spec.get("user_ids")
            ids = [as_id(one) for one in users] if isinstance(users, list) else [None]
            if users is not None and (len(ids) > USERS_MAX or None in ids):
                detail = f"must be a list of at most {USERS_MAX:,} ids of users"
                raise Invalid(
                    "The input is invalid; see errors.", (Fault("/spec/user_ids", detail),)
                )
        return given

    def after_create(self, row_id: UUID, new: Input, work: DistributionsWork) -> None:  # noqa: ARG002 - as above
        """Start the distribution if it is due."""
        start_now(work, self._clock, self._public_url, self._checker, row_id)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: DistributionsWork) -> None:
        """Refuse to change the spec, channel or time of a distribution that has gone out.

        The distribution is locked, so that no other process starts it in the meantime.

        Raises:
            Conflict: it has gone out.
        """
        work.callbacks.lock_distributions({row_id})
        stored = work.resources.read(DISTRIBUTIONS, row_id)
        status = str(stored.parsed()["status"]) if stored else "draft"
        if status in WAITING or status == "cancelled":
            return
        again = "status" in fields and self._status in WAITING
        if again or not FIXED.isdisjoint(fields):
            message = f"The distribution is {status}: what it sends cannot be changed any more."
            raise Conflict(message, field="status")

    def after_change(self, row_id: UUID, fields: frozenset[str], work: DistributionsWork) -> None:  # noqa: ARG002 - as above
        """Start the distribution if it is due now."""
        start_now(work, self._clock, self._public_url, self._checker, row_id)
