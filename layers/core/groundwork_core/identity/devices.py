"""Tokens of known devices, which a client stores and sends at the next login.

A login with such a token is exempt from the limits of its address, which other clients may have
used up. The token does not authenticate. Only its hash is stored, for one account; it has no effect
for another account.
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
    """Return the stored hash of a token. A plain hash suffices for 256 random bits."""
    return hashlib.sha256(words.encode()).hexdigest()
