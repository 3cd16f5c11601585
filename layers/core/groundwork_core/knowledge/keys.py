"""Normalize keys and names of entities.

Keys are case-folded and in Unicode Normalization Form C, so that spellings of a term are one key.
This is the canonical caseless match of Unicode (section 3.13, D145) in NFC. The database checks
keys with `groundwork_fold`, which does the same.
"""

from __future__ import annotations

from unicodedata import normalize

LONGEST = 1_000
"""Maximum characters of a key or a name after normalization, which may lengthen it."""

# Case pairs that Unicode 15 and 16 added. Python 3.11 has Unicode 14, the database 16.
_NEWER = str.maketrans(
    {
        "\u1c89": "\u1c8a",
        "\ua7cb": "\u0264",
        "\ua7cc": "\ua7cd",
        "\ua7da": "\ua7db",
        "\ua7dc": "\u019b",
        **{chr(capital): chr(capital + 0x20) for capital in range(0x10D50, 0x10D66)},
    }
)


def folded(text: str) -> str:
    """Return a text, case-folded and in NFC."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold().translate(_NEWER))


def key_of(text: str) -> str:
    """Return a normalized key. Raises ValueError if the key is too long when normalized."""
    return _fitting(folded(text))


def name_of(text: str) -> str:
    """Return a name in NFC. Raises ValueError if the name is too long in NFC."""
    return text if text.isascii() else _fitting(normalize("NFC", text))


def _fitting(text: str) -> str:
    if len(text) > LONGEST:
        message = f"must have at most {LONGEST:,} characters in normal form"
        raise ValueError(message)
    return text
