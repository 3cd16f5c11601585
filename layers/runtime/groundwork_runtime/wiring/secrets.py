"""The secret store, and the encryption of secrets in the database."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.encryption.ports import Encryption
    from groundwork_core.identity.ports import SecretSource


class SecretParts(BaseParts):
    """The secret store, and the encryption of secrets in the database."""

    @cached_property
    def secrets(self) -> SecretSource:
        """Secrets from files or AWS, without boto3 if credentials are in environment variables."""
        from groundwork_data.identity.secret_files import SCHEME, SecretFiles

        settings = self.settings
        if (settings.signing_key_secret_id or settings.data_keys_secret_id).startswith(SCHEME):
            return SecretFiles()
        from groundwork_data.aws.secret_reader import SecretReader
        from groundwork_data.aws.signed_request import Credentials

        region, endpoint = settings.region, settings.aws_endpoint_url
        credentials = Credentials.from_environment(os.environ)
        if credentials is not None:
            return SecretReader(endpoint, region, credentials)
        from groundwork_data.aws import clients
        from groundwork_data.aws.secrets import SecretsManager

        return SecretsManager(lambda: clients.secrets_manager(region, endpoint))

    @cached_property
    def encryption(self) -> Encryption:
        """Encrypts secrets for the database; the data keys are read at the first secret."""
        from groundwork_data.encryption.aes_gcm import DataKeyEncryption

        return DataKeyEncryption(self.secrets, self.settings.data_keys_secret_id)
