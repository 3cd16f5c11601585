"""Refresh tokens: opaque, stored as hashes, single-use, in a family that begins at a login.

A client that did not receive a response sends the same token again. For a short time, and while the
successor is unused, it gets the same successor, which is derived from the token and a random salt
in the database. So a family is a chain, not a tree, and neither the old token nor the database
alone reveals the new one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from groundwork_core.identity.model import RefreshToken

PREFIX = "gwr_"
GRACE = timedelta(seconds=10)
FAMILY_LIFETIME = timedelta(days=30)
_BYTES = 32


def first_token() -> str:
    """Return a random token, the first of its family."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def next_token(token: str, salt: bytes) -> str:
    """Return the successor of a token."""
    made = hmac.digest(salt, token.encode(), "sha256")
    return PREFIX + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def new_salt() -> bytes:
    """Return a salt for a successor."""
    return secrets.token_bytes(_BYTES)


def hash_of(token: str) -> bytes:
    """Return the stored hash of a token. A plain hash suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def may_be_repeated(used: RefreshToken, successor: RefreshToken | None, now: datetime) -> bool:
    """Return whether a used token may be repeated: shortly after, with an unused successor."""
    return (
        used.used_at is not None
        and now - used.used_at <= GRACE
        and successor is not None
        and successor.used_at is None
    )
