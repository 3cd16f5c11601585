"""Normalization of entity keys, as Groundwork does it."""

from __future__ import annotations

from unicodedata import normalize

# Case pairs that Unicode 15 and 16 added, which the database knows and Python 3.11 does not.
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
    """Return a text case-folded and in NFC, as the server does with every key.

    A worker that folds keys itself notices that two spellings are one entity.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold().translate(_NEWER))
