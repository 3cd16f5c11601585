"""Tokens of known devices, which a client stores and sends at the next login.

They exempt a login from the limits of its address, which others may have used up; they do not
authenticate. Only a hash is stored, for one account: for another account a token has no effect.
"""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX = "gwd_"
_BYTES = 32
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


def new_device() -> str:
    """Return the token of a new device."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def is_device(words: str) -> bool:
    """Return whether a text has the form of a device token."""
    return _FORM.fullmatch(words) is not None


def hash_of(words: str) -> str:
    """Return the stored hash of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(words.encode()).hexdigest()
