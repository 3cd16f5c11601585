"""What publishing reads outside units of work."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.publishing.ports import PublisherSecretsReader


class PublishingParts(BaseParts):
    """The secrets that callbacks are signed with."""

    @cached_property
    def publisher_secrets(self) -> PublisherSecretsReader:
        """Reads publishers' valid secrets."""
        from groundwork_data.postgres.callbacks import PostgresPublisherSecrets

        return PostgresPublisherSecrets(self.database)
