"""Refresh tokens: opaque words, kept as hashes, each used once, in a family that began at a login.

A client that did not get an answer asks again with the same token. Within a short grace, and while
its successor is unused, it gets the same successor again: the successor is made from the words of
its parent and a random salt that only we know. So a family is always one line, never a tree, and
neither the old token nor our tables alone yield the new one.
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


def first_words() -> str:
    """Make the token of a new family."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def next_words(words: str, salt: bytes) -> str:
    """Make the successor of a token."""
    made = hmac.digest(salt, words.encode(), "sha256")
    return PREFIX + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def new_salt() -> bytes:
    """Make a salt for a successor."""
    return secrets.token_bytes(_BYTES)


def hash_of(words: str) -> bytes:
    """Return what is kept of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(words.encode()).digest()


def may_be_repeated(used: RefreshToken, successor: RefreshToken | None, now: datetime) -> bool:
    """Say whether a used token may be used once more: just now, and its successor not yet."""
    return (
        used.used_at is not None
        and now - used.used_at <= GRACE
        and successor is not None
        and successor.used_at is None
    )
