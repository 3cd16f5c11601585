"""The encryption of secrets in the database."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.encryption.ports import Encryption


class SecretParts(BaseParts):
    """The encryption of secrets in the database."""

    @cached_property
    def encryption(self) -> Encryption:
        """Encrypts secrets for the database; the data keys are read at the first secret."""
        from groundwork_data.encryption.aes_gcm import DataKeyEncryption

        return DataKeyEncryption(self.secrets, self.settings.data_keys_secret_id)
