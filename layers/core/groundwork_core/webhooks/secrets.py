"""The secrets that sign messages: their places in the database, and the keys in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from groundwork_core.encryption.ports import EncryptedColumn, Encryption
from groundwork_core.errors import SecretUnreadable
from groundwork_core.publishing.signatures import new_secret
from groundwork_core.webhooks.message import signing_key
from groundwork_core.webhooks.ports import LeasedEndpoint, WebhookStore

PRESENT = EncryptedColumn("webhook_secrets", "encrypted", "webhook_id")
PREVIOUS = EncryptedColumn("webhook_secrets", "previous", "webhook_id")
OVERLAP = timedelta(hours=24)
"""Period in which a replaced secret signs as well."""
PLAIN_MAX = 100
"""Secrets of before they were encrypted that are moved in one transaction."""


def keep_secret(
    webhook_id: UUID, secret: str, *, webhooks: WebhookStore, encryption: Encryption
) -> None:
    """Store a webhook's first secret, encrypted."""
    webhooks.keep_secret(webhook_id, encryption.encrypt(secret, PRESENT.place(webhook_id)))


def rotate_secret(
    webhook_id: UUID, *, webhooks: WebhookStore, encryption: Encryption, now: datetime
) -> str:
    """Replace a webhook's secret, and return the new one; both sign for 24 hours.

    A previous secret that still signs becomes invalid at once, so that there are never three.
    """
    secret = new_secret()
    stored = webhooks.lock_secret(webhook_id)
    previous = None
    if stored is not None:
        try:
            present = encryption.decrypt(stored, PRESENT.place(webhook_id))
        except SecretUnreadable:
            pass  # it cannot be decrypted, so it cannot sign anything
        else:
            previous = encryption.encrypt(present, PREVIOUS.place(webhook_id))
    encrypted = encryption.encrypt(secret, PRESENT.place(webhook_id))
    webhooks.replace_secret(webhook_id, encrypted, previous, now + OVERLAP)
    return secret


def encrypt_plain_secrets(*, webhooks: WebhookStore, encryption: Encryption) -> int:
    """Encrypt secrets that an earlier release stored as plain text; return how many."""
    plain = webhooks.plain_secrets(PLAIN_MAX)
    for webhook_id, secret in plain:
        keep_secret(webhook_id, secret, webhooks=webhooks, encryption=encryption)
    return len(plain)


def keys_of(endpoint: LeasedEndpoint, encryption: Encryption) -> tuple[bytes, ...]:
    """Return the keys that sign for an endpoint, the current one first.

    Raises:
        SecretUnreadable: the current secret cannot be decrypted.
        Unavailable: the secret store cannot be reached.
    """
    place = PRESENT.place(endpoint.webhook_id)
    secrets = [encryption.decrypt(endpoint.secret, place)]
    if endpoint.previous is not None:
        place = PREVIOUS.place(endpoint.webhook_id)
        secrets.append(encryption.decrypt(endpoint.previous, place))
    return tuple(map(signing_key, secrets))
