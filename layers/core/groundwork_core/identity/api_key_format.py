"""The words of an API key: `gw_live_`, 30 random characters, and 6 that check them.

Both in base62 (0-9, A-Z, a-z). The check is the CRC-32 of the 30 characters as ASCII, as a number
in base62, filled up with zeros on the left: what is mistyped, cut or made up is told apart from a
key without asking anybody, and scanners for leaked secrets know one when they see it. It protects
nothing: the 30 characters (178 bits) do.
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
"""What is kept readable, so that its owner recognises a key: the brand and 4 random characters."""

_FORM = re.compile(rf"{BRAND}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECK_CHARACTERS}}}")


def new_key() -> str:
    """Make a key."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return BRAND + body + check_of(body)


def check_of(body: str) -> str:
    """Return the characters that check 30 others."""
    number, digits = zlib.crc32(body.encode("ascii")), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits.rjust(CHECK_CHARACTERS, ALPHABET[0])


def is_well_formed(key: str) -> bool:
    """Say whether this may be a key at all. Costs microseconds and asks nobody."""
    if _FORM.fullmatch(key) is None:
        return False
    return check_of(key[len(BRAND) : -CHECK_CHARACTERS]) == key[-CHECK_CHARACTERS:]


def prefix_of(key: str) -> str:
    """Return the beginning, by which its owner recognises it."""
    return key[:PREFIX_CHARACTERS]


def hash_of(key: str) -> bytes:
    """Return what is kept of a key. It has 178 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode("ascii")).digest()
