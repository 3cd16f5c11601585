"""Encrypt all stored secrets with the newest data key."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from groundwork_core.encryption.ports import EncryptedColumn, EncryptedSecrets, Encryption
from groundwork_core.errors import SecretUnreadable

BATCH = 500


@dataclass(frozen=True, slots=True)
class ReEncrypted:
    """The outcome: how many secrets were encrypted again, and which cannot be decrypted."""

    changed: int
    unreadable: tuple[str, ...]
    """Places of secrets that could not be decrypted, as `table.column/row`."""


def re_encrypt(kid: str, *, stored: EncryptedSecrets, encryption: Encryption) -> ReEncrypted:
    """Re-encrypt secrets of older data keys. Safe to repeat and to interrupt.

    A secret that another writer changes in the meantime is skipped: that writer used the newest
    key, or the next run finds it.

    Args:
        kid: the id of the newest data key, with which `encryption` encrypts.
        stored: the encrypted secrets of the database.
        encryption: decrypts and encrypts them.

    Raises:
        Unavailable: the secret store or the database cannot be reached.
    """
    changed = 0
    unreadable: list[str] = []
    for column in stored.columns:
        after: UUID | None = None
        while found := stored.of_other_keys(column, kid, after, BATCH):
            after = found[-1][0]
            renewed, lost = _renewed(column, found, encryption)
            unreadable += lost
            changed += stored.replace(column, renewed)
    return ReEncrypted(changed, tuple(unreadable))


def _renewed(
    column: EncryptedColumn, found: list[tuple[UUID, str]], encryption: Encryption
) -> tuple[list[tuple[UUID, str, str]], list[str]]:
    renewed: list[tuple[UUID, str, str]] = []
    lost: list[str] = []
    for row_id, encrypted in found:
        place = column.place(row_id)
        try:
            secret = encryption.decrypt(encrypted, place)
        except SecretUnreadable:
            lost.append(str(place))
            continue
        renewed.append((row_id, encrypted, encryption.encrypt(secret, place)))
    return renewed, lost
