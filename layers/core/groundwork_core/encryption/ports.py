"""Ports of encryption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """The column and the row that hold a secret. Its encrypted form can be decrypted only there."""

    table: str
    column: str
    row_id: UUID

    def __str__(self) -> str:
        return f"{self.table}.{self.column}/{self.row_id}"


class Encryption(Protocol):
    """Encrypts secrets for the database, and decrypts them."""

    def encrypt(self, secret: str, place: SecretPlace) -> str:
        """Return the encrypted form to store at a place, with the id of the data key.

        Raises:
            Unavailable: there is no data key, or the secret store cannot be reached.
        """
        ...

    def decrypt(self, encrypted: str, place: SecretPlace) -> str:
        """Return the secret.

        Raises:
            SecretUnreadable: its data key is lost, or the encrypted form was changed, or was copied
                from another place.
            Unavailable: the secret store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column with encrypted secrets, and the column that identifies its rows."""

    table: str
    column: str
    row_id: str

    def place(self, row_id: UUID) -> SecretPlace:
        """Return the place of one row."""
        return SecretPlace(self.table, self.column, row_id)


class EncryptedSecrets(Protocol):
    """All encrypted secrets of the database, to re-encrypt them with a new data key."""

    @property
    def columns(self) -> Sequence[EncryptedColumn]:
        """Every column with encrypted secrets."""
        ...

    def of_other_keys(
        self, column: EncryptedColumn, kid: str, after: UUID | None, limit: int
    ) -> list[tuple[UUID, str]]:
        """Return secrets that another data key encrypts, in the order of their rows' ids."""
        ...

    def replace(self, column: EncryptedColumn, changed: Sequence[tuple[UUID, str, str]]) -> int:
        """Replace secrets, given as (row id, before, after); return how many were replaced.

        A row that no longer has `before` is left unchanged.
        """
        ...

    def used_keys(self) -> Mapping[str, int]:
        """Return the number of secrets by the id of the data key that encrypts them."""
        ...
