"""Hooks of writes of deliveries, which may end their distribution."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.publishing.distributions import DELIVERIES, NewDelivery
from groundwork_core.publishing.ports import PublishersWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class DeliveryWriteHooks(NoWriteHooks[PublishersWork]):
    """A distribution is sent once all its deliveries have ended.

    The distribution is locked before its delivery, as callbacks do it: two that end its last two
    deliveries at the same time then see each other, and none waits for the other.
    """

    def __init__(self) -> None:
        self._distributions: set[UUID] = set()

    def before_create(self, new: Input, work: PublishersWork) -> None:
        """Lock the distribution of a new delivery."""
        if isinstance(new, NewDelivery):
            self._distributions = work.callbacks.lock_distributions({new.distribution_id})

    def after_create(self, row_id: UUID, new: Input, work: PublishersWork) -> None:  # noqa: ARG002 - a port's signature
        """End the distribution if that was the last one under way."""
        work.callbacks.end_distributions(self._distributions)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """Lock the delivery's distribution."""
        self._lock(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """End the distribution if that was the last one under way."""
        work.callbacks.end_distributions(self._distributions)

    def before_remove(self, row_id: UUID, work: PublishersWork) -> None:
        """Lock the delivery's distribution."""
        self._lock(row_id, work)

    def after_remove(self, row_id: UUID, work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """End the distribution if only ended deliveries are left."""
        work.callbacks.end_distributions(self._distributions)

    def _lock(self, row_id: UUID, work: PublishersWork) -> None:
        stored = work.resources.read(DELIVERIES, row_id)
        if stored is not None:
            of = UUID(str(stored.parsed()["distribution_id"]))
            self._distributions = work.callbacks.lock_distributions({of})
