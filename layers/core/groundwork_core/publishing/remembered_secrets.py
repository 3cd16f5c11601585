"""Remember publishers' secrets briefly, so that many callbacks cause few queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from groundwork_core.encryption.ports import Encryption
from groundwork_core.publishing.ports import PublisherSecretsReader, PublishersWork
from groundwork_core.publishing.publisher_secrets import (
    DecryptedSecrets,
    encrypt_all_plain_secrets_of_publishers,
)
from groundwork_core.publishing.rows import PublisherSecrets

REMEMBERED = timedelta(seconds=5)
"""A secret that was changed meanwhile is noticed when its callback is claimed."""
UNKNOWN = timedelta(milliseconds=20)
"""Secrets that were read so recently are not read again for a signature that none of them made.
A publisher that was made since cannot have its secret yet."""


class RememberedSecrets:
    """Publishers' secrets; read again when they are old or do not match a signature."""

    def __init__(
        self,
        reader: PublisherSecretsReader,
        encryption: Encryption,
        begin_work: Callable[[], PublishersWork],
    ) -> None:
        """`begin_work` is used to encrypt secrets that were stored as plain text."""
        self._reader = reader
        self._encryption = encryption
        self._begin_work = begin_work
        self._decrypted = DecryptedSecrets(encryption)
        self.some_unreadable = False
        """True if the secrets lack one that cannot be decrypted."""
        self._known: Sequence[PublisherSecrets] = ()
        self._read_at: datetime | None = None

    def remembered(self, now: datetime) -> Sequence[PublisherSecrets]:
        """Return the secrets, which were read at most REMEMBERED ago."""
        return self._not_older_than(REMEMBERED, now)

    def recent(self, now: datetime) -> Sequence[PublisherSecrets]:
        """Return the secrets, which were read at most UNKNOWN ago."""
        return self._not_older_than(UNKNOWN, now)

    def forget(self) -> None:
        """Discard the secrets, so that the next use reads them again."""
        self._read_at = None

    def _not_older_than(self, age: timedelta, now: datetime) -> Sequence[PublisherSecrets]:
        if self._read_at is None or not timedelta(0) <= now - self._read_at <= age:
            self._known, self.some_unreadable = self._read(now)
            self._read_at = now
        return self._known

    def _read(self, now: datetime) -> tuple[list[PublisherSecrets], bool]:
        stored = self._reader.enabled()
        if any(one.encrypted is None for one in stored):
            encrypt_all_plain_secrets_of_publishers(
                begin_work=self._begin_work, encryption=self._encryption
            )
            stored = self._reader.enabled()
        return self._decrypted.of(stored, now)
