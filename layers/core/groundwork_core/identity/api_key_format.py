"""The format of API keys: `gw_live_`, 30 random characters, and a checksum of 6 characters.

Both are in base62 (0-9, A-Z, a-z). The checksum is the CRC-32 of the 30 characters as ASCII, as a
base62 number with leading zeros. It detects mistyped and truncated keys without a database read,
and lets scanners recognize leaked keys. Only the 178 random bits make a key secure.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

BRAND = "gw_live_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 30
CHECK_CHARACTERS = 6
PREFIX_CHARACTERS = 12
"""Length of the readable prefix by which the owner recognizes a key: brand and 4 characters."""

_FORM = re.compile(rf"{BRAND}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECK_CHARACTERS}}}")


def new_key() -> str:
    """Return a new random key."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return BRAND + body + check_of(body)


def check_of(body: str) -> str:
    """Return the checksum for the 30 random characters."""
    number, digits = zlib.crc32(body.encode("ascii")), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits.rjust(CHECK_CHARACTERS, ALPHABET[0])


def is_well_formed(key: str) -> bool:
    """Return whether a text has the form and checksum of a key."""
    if _FORM.fullmatch(key) is None:
        return False
    return check_of(key[len(BRAND) : -CHECK_CHARACTERS]) == key[-CHECK_CHARACTERS:]


def prefix_of(key: str) -> str:
    """Return the readable prefix of a key."""
    return key[:PREFIX_CHARACTERS]


def hash_of(key: str) -> bytes:
    """Return the stored hash of a key. A plain hash suffices for 178 random bits."""
    return hashlib.sha256(key.encode("ascii")).digest()
