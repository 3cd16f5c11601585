"""Keys of entities in their one form, and names as they are kept.

A key is in Unicode Normalization Form C and case-folded: two spellings of one term are one key. It
is the canonical caseless match of Unicode (section 3.13, D145), brought to NFC. The database checks
keys with `groundwork_fold`, which does the same.
"""

from __future__ import annotations

from unicodedata import normalize

LONGEST = 1_000
"""Characters of a key or a name. Some characters become several."""

# Pairs of case that Unicode 15 to 16 added. Python 3.11 knows Unicode 14, the database 16.
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
    """Return a text in NFC, with the differences of case taken away."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold().translate(_NEWER))


def key_of(text: str) -> str:
    """Return a key in its one form. Raises ValueError: it is too long then."""
    return _fitting(folded(text))


def name_of(text: str) -> str:
    """Return a name in NFC, its case kept. Raises ValueError: it is too long then."""
    return text if text.isascii() else _fitting(normalize("NFC", text))


def _fitting(text: str) -> str:
    if len(text) > LONGEST:
        message = f"must have at most {LONGEST:,} characters in normal form"
        raise ValueError(message)
    return text
