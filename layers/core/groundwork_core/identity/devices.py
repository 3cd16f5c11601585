"""Devices that somebody has logged in from: words that the client keeps and sends at a login.

They let a login past the limits of its address, which others may have used up; they open nothing
by themselves. Only their hash is kept, with the account: for another account they say nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX = "gwd_"
_BYTES = 32
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


def new_device() -> str:
    """Make the words of a new device."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def is_device(words: str) -> bool:
    """Say whether these have the form of a device's words."""
    return _FORM.fullmatch(words) is not None


def hash_of(words: str) -> str:
    """Return what is kept of a device. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(words.encode()).hexdigest()
