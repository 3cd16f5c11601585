"""Hooks of writes of deliveries, which may complete their distribution."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.publishing.distributions import DELIVERIES, NewDelivery
from groundwork_core.publishing.ports import PublishersWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class DeliveryWriteHooks(NoWriteHooks[PublishersWork]):
    """Sets a distribution to `sent` once all its deliveries have ended.

    Like callbacks, it locks the distribution before the delivery. So two writers that end the last
    two deliveries at the same time see each other's change, and there is no deadlock.
    """

    def __init__(self) -> None:
        self._distributions: set[UUID] = set()

    def before_create(self, new: Input, work: PublishersWork) -> None:
        """Lock the distribution of a new delivery."""
        if isinstance(new, NewDelivery):
            self._distributions = work.callbacks.lock_distributions({new.distribution_id})

    def after_create(self, row_id: UUID, new: Input, work: PublishersWork) -> None:  # noqa: ARG002 - a port's signature
        """End the distribution if the new delivery has ended and no other is under way."""
        work.callbacks.end_distributions(self._distributions)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """Lock the delivery's distribution."""
        self._lock(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """End the distribution if no delivery is under way any more."""
        work.callbacks.end_distributions(self._distributions)

    def before_remove(self, row_id: UUID, work: PublishersWork) -> None:
        """Lock the delivery's distribution."""
        self._lock(row_id, work)

    def after_remove(self, row_id: UUID, work: PublishersWork) -> None:  # noqa: ARG002 - as above
        """End the distribution if all remaining deliveries have ended."""
        work.callbacks.end_distributions(self._distributions)

    def _lock(self, row_id: UUID, work: PublishersWork) -> None:
        stored = work.resources.read(DELIVERIES, row_id)
        if stored is not None:
            of = UUID(str(stored.parsed()["distribution_id"]))
            self._distributions = work.callbacks.lock_distributions({of})
