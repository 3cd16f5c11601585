"""Signatures of incoming webhooks, as Standard Webhooks 1.0 defines them (docs/decisions/0063)."""

from __future__ import annotations

import binascii
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from groundwork_core.errors import Unauthenticated

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix by which scanners recognize a secret
KEY_BYTES = 32
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64
"""The specification's bounds for keys."""
TOLERANCE = timedelta(minutes=5)
SIGNATURES_MAX = 10
"""Signatures compared per message; a sender that rotates its secret sends two."""
REFUSED = "The callback's signature is not valid."
"""The one response for all faults, so that it does not help to find a valid signature."""
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,200}", re.ASCII)
"""Visible characters except the full stop, which separates the signed parts."""
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_HEADER_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """The headers of a message whose timestamp is within the tolerance."""

    id: str
    sent_at: datetime
    timestamp: str
    signatures: tuple[bytes, ...]


def new_secret() -> str:
    """Return a new random secret in the specification's form."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the HMAC key of a secret. Raises ValueError if the text is not a secret."""
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        message = "this is not a secret of Standard Webhooks"
        raise ValueError(message)
    return key


def read_headers(headers: Mapping[str, str], now: datetime) -> SignedMessage:
    """Read the three headers; `headers` has names in lower case. Needs no key and no database.

    Raises:
        Unauthenticated: one is missing or malformed, or the timestamp is outside the tolerance.
    """
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    stated = headers.get("webhook-signature", "")
    if not _ID.fullmatch(id_) or not _TIMESTAMP.fullmatch(timestamp) or len(stated) > _HEADER_MAX:
        raise Unauthenticated(REFUSED)
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(now - sent_at) > TOLERANCE:
        raise Unauthenticated(REFUSED)
    parts = (part.partition(",") for part in stated.split(" ")[:SIGNATURES_MAX])
    stated_ones = [value for kind, _, value in parts if kind == "v1" and value]
    found = tuple(value.encode("utf-8", "replace") for value in stated_ones)
    if not found:
        raise Unauthenticated(REFUSED)
    return SignedMessage(id_, sent_at, timestamp, found)


def signature_of(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message in base64, without the version prefix."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return b64encode(hmac.digest(key, signed, sha256)).decode()


def is_signed_with(keys: Iterable[bytes], message: SignedMessage, body: bytes) -> bool:
    """Return whether one of the message's signatures is by one of the keys, in constant time."""
    holds = False
    for key in keys:
        expected = signature_of(key, message.id, message.timestamp, body).encode()
        for stated in message.signatures:
            holds |= hmac.compare_digest(expected, stated)
    return holds
