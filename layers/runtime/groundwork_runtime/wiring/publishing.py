"""The parts of publishing that work outside of units of work."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.secrets import SecretParts

if TYPE_CHECKING:
    from groundwork_core.publishing.ports import FinishedDistributions, QuickCallbacks
    from groundwork_core.publishing.remembered_secrets import RememberedSecrets


class PublishingParts(SecretParts):
    """Callbacks, their secrets, and finished distributions."""

    @cached_property
    def publisher_secrets(self) -> RememberedSecrets:
        """Remembers publishers' secrets briefly."""
        from groundwork_core.publishing.remembered_secrets import RememberedSecrets
        from groundwork_data.postgres.publisher_secrets import PostgresPublisherSecretsReader

        reader = PostgresPublisherSecretsReader(self.database)
        return RememberedSecrets(reader, self.encryption, self.work)

    @cached_property
    def quick_callbacks(self) -> QuickCallbacks:
        """Takes callbacks of publishers, each in one round trip or two."""
        from groundwork_data.postgres.quick_callbacks import PostgresQuickCallbacks

        return PostgresQuickCallbacks(self.database)

    @cached_property
    def finished_distributions(self) -> FinishedDistributions:
        """Finds distributions whose deliveries have all ended."""
        from groundwork_data.postgres.callbacks import PostgresFinishedDistributions

        return PostgresFinishedDistributions(self.database)
