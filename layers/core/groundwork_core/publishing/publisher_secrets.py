"""The secrets with which publishers sign callbacks: stored encrypted, decrypted to verify."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from groundwork_core.encryption.ports import EncryptedColumn, Encryption, SecretPlace
from groundwork_core.errors import SecretUnreadable
from groundwork_core.publishing.ports import PublisherSecretStore, PublishersWork
from groundwork_core.publishing.rows import EncryptedPublisherSecrets, PublisherSecrets
from groundwork_core.publishing.signatures import new_secret

PRESENT = EncryptedColumn("publisher_secrets", "encrypted", "publisher_id")
PREVIOUS = EncryptedColumn("publisher_secrets", "previous", "publisher_id")
Known = dict[tuple[SecretPlace, str], str]
"""Secrets by their places and encrypted texts."""
OVERLAP = timedelta(hours=24)
"""Period for which a replaced secret stays valid."""
PLAIN_MAX = 100
"""Publishers whose plain secrets are encrypted in one transaction."""


def keep_publisher_secret(
    publisher_id: UUID, secret: str, *, stored: PublisherSecretStore, encryption: Encryption
) -> None:
    """Store the first secret of a publisher, encrypted."""
    encrypted = encryption.encrypt(secret, PRESENT.place(publisher_id))
    stored.replace(publisher_id, encrypted, None, None)


def replace_publisher_secret(
    publisher_id: UUID, *, stored: PublisherSecretStore, encryption: Encryption, now: datetime
) -> str | None:
    """Replace a publisher's secret; return the new one. Both are valid for 24 hours.

    Returns None for an unknown publisher. A current secret that cannot be decrypted becomes invalid
    at once.
    """
    if not stored.lock(publisher_id):
        return None
    encrypt_plain_secrets_of_publishers(stored=stored, encryption=encryption, only=publisher_id)
    present, previous = stored.present(publisher_id), None
    if present is not None:
        try:
            plain = encryption.decrypt(present, PRESENT.place(publisher_id))
            previous = encryption.encrypt(plain, PREVIOUS.place(publisher_id))
        except SecretUnreadable:
            pass  # it cannot be decrypted, so it cannot verify anything
    secret = new_secret()
    encrypted = encryption.encrypt(secret, PRESENT.place(publisher_id))
    stored.replace(publisher_id, encrypted, previous, None if previous is None else now + OVERLAP)
    return secret


def encrypt_plain_secrets_of_publishers(
    *, stored: PublisherSecretStore, encryption: Encryption, only: UUID | None = None
) -> int:
    """Encrypt secrets that were stored as plain text; return the number of publishers.

    `only` limits this to one publisher. Handles at most PLAIN_MAX publishers.
    """
    plain = stored.take_plain(PLAIN_MAX, only)
    for one in plain:
        id_ = one.publisher_id
        encrypted = encryption.encrypt(one.secret, PRESENT.place(id_))
        previous = one.previous_secret
        if previous is not None:
            previous = encryption.encrypt(previous, PREVIOUS.place(id_))
        stored.replace(id_, encrypted, previous, one.previous_until)
    return len(plain)


def encrypt_all_plain_secrets_of_publishers(
    *, begin_work: Callable[[], PublishersWork], encryption: Encryption
) -> int:
    """Encrypt all secrets that were stored as plain text; return the number of publishers."""
    total, encrypted = 0, PLAIN_MAX
    while encrypted == PLAIN_MAX:
        with begin_work() as work:
            encrypted = encrypt_plain_secrets_of_publishers(
                stored=work.publisher_secrets, encryption=encryption
            )
        total += encrypted
    return total


class DecryptedSecrets:
    """Decrypts the secrets of publishers, and remembers them while they are stored."""

    def __init__(self, encryption: Encryption) -> None:
        self._encryption = encryption
        self._known: Known = {}

    def of(
        self, stored: list[EncryptedPublisherSecrets], now: datetime
    ) -> tuple[list[PublisherSecrets], bool]:
        """Return the secrets, and whether a valid one cannot be decrypted.

        Raises:
            Unavailable: the secret store cannot be reached.
        """
        before, self._known = self._known, {}
        unreadable = False
        decrypted = []
        for one in stored:
            until = one.previous_until
            previous = one.previous if until is not None and now < until else None
            texts: list[str | None] = []
            for column, text in ((PRESENT, one.encrypted), (PREVIOUS, previous)):
                try:
                    plain = text and self._decrypt(column.place(one.publisher_id), text, before)
                except SecretUnreadable:
                    plain, unreadable = None, True
                texts.append(plain)
            present, previous = texts
            decrypted.append(
                PublisherSecrets(one.publisher_id, one.version, present, previous, until)
            )
        return decrypted, unreadable

    def _decrypt(self, place: SecretPlace, text: str, before: Known) -> str:
        key = (place, text)
        self._known[key] = before.get(key) or self._encryption.decrypt(text, place)
        return self._known[key]
