"""Encrypt secrets with AES-256-GCM and a data key from the secret store.

The encrypted form is text: `gw1.<key id>.<base64url of nonce, ciphertext and tag>`. Its place
(table, column and row) is authenticated with it, so a copy in another row cannot be decrypted.
"""

from __future__ import annotations

import base64
import binascii
import secrets as random_bytes
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from groundwork_core.encryption.data_keys import DataKey, DataKeys
from groundwork_core.errors import NotFound, SecretUnreadable, Unavailable

if TYPE_CHECKING:
    from groundwork_core.encryption.ports import SecretPlace
    from groundwork_core.identity.ports import SecretSource

FORM = "gw1"
NONCE_BYTES = 12
PARTS = 3
READ_AGAIN_SECONDS = 60.0
"""Time after which the secret store is read again for a newer key."""
STALE_SECONDS = 240.0
"""Longest use of known keys for encrypting while the secret store cannot be reached; less than
`KEPT_AFTER_REPLACEMENT`, so that no key encrypts after its removal."""
UNKNOWN_KEY_SECONDS = 2.0
"""Shortest time between two reads of the secret store for an unknown key id."""


class DataKeyEncryption:
    """Implements `Encryption` with data keys that are read at most once a minute."""

    def __init__(
        self,
        secrets: SecretSource,
        secret_id: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`secret_id` names the data keys in `secrets`."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._monotonic = monotonic
        self._keys: DataKeys | None = None
        self._read_at = float("-inf")

    def encrypt(self, secret: str, place: SecretPlace) -> str:
        """Return the encrypted form to store at a place.

        Raises:
            Unavailable: there is no data key, or the secret store cannot be reached.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # importing it takes 50 ms

        key = self._recent().current
        nonce = random_bytes.token_bytes(NONCE_BYTES)
        sealed = AESGCM(key.raw).encrypt(nonce, secret.encode(), _associated(place))
        return f"{FORM}.{key.kid}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, encrypted: str, place: SecretPlace) -> str:
        """Return the secret.

        Raises:
            SecretUnreadable: its data key is lost, or the encrypted form was changed, or was copied
                from another place.
            Unavailable: there is no data key, or the secret store cannot be reached.
        """
        from cryptography.exceptions import InvalidTag  # importing it takes 50 ms
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        kid, sealed = _parts(encrypted)
        key = self._find(kid)
        if key is None:
            raise SecretUnreadable(
                f"A stored secret needs the data key {kid}, which is missing from the secret"
                " store. Restore that key, or set the secret again."
            )
        try:
            return (
                AESGCM(key.raw)
                .decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _associated(place))
                .decode()
            )
        except (InvalidTag, ValueError):
            raise SecretUnreadable(
                "A stored secret was changed, or copied from another row. Set the secret again."
            ) from None

    def _find(self, kid: str) -> DataKey | None:
        known = self._keys
        found = known.find(kid) if known else None
        if found is not None:
            return found
        if self._monotonic() - self._read_at >= UNKNOWN_KEY_SECONDS:
            return self._read().find(kid)
        return None

    def _recent(self) -> DataKeys:
        """Return keys that are recent enough to encrypt with."""
        age = self._monotonic() - self._read_at
        if self._keys is not None and age < READ_AGAIN_SECONDS:
            return self._keys
        try:
            return self._read()
        except Unavailable:
            if self._keys is not None and age < STALE_SECONDS:
                return self._keys
            raise

    def _read(self) -> DataKeys:
        try:
            keys = DataKeys.parse(self._secrets.read(self._secret_id))
        except NotFound as error:
            raise Unavailable(
                "There is no data key to encrypt secrets with; `groundwork keys rotate-data`"
                " creates one.",
                retry_after_seconds=30,
            ) from error
        except ValueError as error:
            raise Unavailable("The data keys are malformed.", retry_after_seconds=30) from error
        self._keys, self._read_at = keys, self._monotonic()
        return keys


def key_id(encrypted: str) -> str:
    """Return the id of the data key of an encrypted secret. Raises SecretUnreadable."""
    return _parts(encrypted)[0]


def _parts(encrypted: str) -> tuple[str, bytes]:
    parts = encrypted.split(".")
    try:
        if len(parts) == PARTS and parts[0] == FORM:
            return parts[1], base64.b64decode(parts[2], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        pass
    raise SecretUnreadable("A stored secret is malformed. Set the secret again.")


def _associated(place: SecretPlace) -> bytes:
    return f"{FORM} {place}".encode()
