"""Passwords, tokens and profiles."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.secrets import SecretParts

if TYPE_CHECKING:
    from groundwork_core.identity.ports import PasswordHasher, TokenSigner
    from groundwork_data.postgres.profiles import PostgresProfiles


class IdentityParts(SecretParts):
    """Passwords, tokens and profiles."""

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
            self.secrets,
            settings.signing_key_secret_id,
            settings.token_issuer,
            self.database,
        )

    @cached_property
    def profiles(self) -> PostgresProfiles:
        """Reads accounts and public keys."""
        from groundwork_data.postgres.profiles import PostgresProfiles

        return PostgresProfiles(self.database)
