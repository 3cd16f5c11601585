"""Passwords, tokens, profiles and the secret of the signing key."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.identity.ports import PasswordHasher, SecretSource, TokenSigner
    from groundwork_data.postgres.profiles import PostgresProfiles


class IdentityParts(BaseParts):
    """Passwords, tokens, profiles and the secret of the signing key."""

    @cached_property
    def password_hasher(self) -> PasswordHasher:
        """Hashes passwords with Argon2id."""
        from groundwork_data.identity.passwords import Argon2Hasher

        return Argon2Hasher()

    @cached_property
    def token_signer(self) -> TokenSigner:
        """Signs access tokens; the key is read at the first token."""
        from groundwork_data.identity.access_tokens import (
            SecretKeySigner,
        )

        settings = self.settings
        return SecretKeySigner(
            self.secrets, settings.signing_key_secret_id, settings.token_issuer, self.database
        )

    @cached_property
    def profiles(self) -> PostgresProfiles:
        """Reads accounts and public keys."""
        from groundwork_data.postgres.profiles import PostgresProfiles

        return PostgresProfiles(self.database)

    @cached_property
    def secrets(self) -> SecretSource:
        """Secrets from files or AWS, without boto3 if credentials are in environment variables."""
        from groundwork_data.identity.secret_files import SCHEME, SecretFiles

        if self.settings.signing_key_secret_id.startswith(SCHEME):
            return SecretFiles()
        from groundwork_data.aws.secret_reader import SecretReader
        from groundwork_data.aws.signed_request import Credentials

        region, endpoint = self.settings.region, self.settings.aws_endpoint_url
        credentials = Credentials.from_environment(os.environ)
        if credentials is not None:
            return SecretReader(endpoint, region, credentials)
        from groundwork_data.aws import clients
        from groundwork_data.aws.secrets import SecretsManager

        return SecretsManager(lambda: clients.secrets_manager(region, endpoint))
