"""Extract the names of people from a feed's authors.

An email or web address is not a name: an author with only an address is left out. A text is split
into several people only at semicolons or addresses, because a comma may be part of one name
(`Smith, Ann`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

from groundwork_data.web.text import tidy

MAX_NAME = 300
MAX_PEOPLE = 20
# Email addresses, also with `(at)` for @, and web addresses.
_ADDRESS = re.compile(
    r"(?:mailto:\s*)?[^\s<>()\[\],;:\"]+@(?:\[[^\s\]]*\]|[^\s<>()\[\],;\"]*)"
    r"|(?:mailto:\s*)?[^\s<>()\[\],;\"]+\s*[(\[{]\s*(?:at|@)\s*[)\]}]\s*[^\s<>()\[\],;\"]+"
    r"|[^\s<>()\[\],;\"]+ at [^\s<>()\[\],;\"]+ dot [^\s<>()\[\],;\"]+"
    r"|mailto:[^\s<>()\[\]]*|https?://[^\s<>()\[\]\"]*|\bwww\.[^\s<>()\[\]\"]+",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_EMPTY = re.compile(r"\(\s*\)|<\s*>|\[\s*\]|\{\s*\}")
_BETWEEN_ADDRESSES = re.compile(r"(?<=[)>])\s*,\s*(?=[^,]*@)")
_BY = re.compile(r"by:?\s+(?=\S)", re.IGNORECASE)
_AROUND = " \t\"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}',;:|/-\N{EN DASH}<>"
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def people(stated: Iterable[object]) -> tuple[str, ...]:
    """Return the names in author texts, without duplicates that differ only in case."""
    names: dict[str, str] = {}
    for one in stated:
        for name in people_in(one):
            names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_PEOPLE]


def people_in(stated: object) -> tuple[str, ...]:
    """Return the names in one author element; none if it has only an address."""
    text = unescape(tidy(stated, MAX_NAME * 4))
    parts = [one for part in text.split(";") for one in _BETWEEN_ADDRESSES.split(part)]
    return tuple(name for part in parts if (name := _name(part)))


def _name(text: str) -> str:
    """Return a name without addresses; empty if nothing else remains."""
    words = _EMPTY.sub(" ", _TAG.sub(" ", _ADDRESS.sub(" ", text)))
    name = " ".join(words.split()).strip(_AROUND)
    name = _unwrapped(_BY.sub("", name, count=1)) if _BY.match(name) else _unwrapped(name)
    return name[:MAX_NAME].strip() if any(one.isalnum() for one in name) else ""


def _unwrapped(name: str) -> str:
    """Remove brackets around the whole name, and unpaired brackets."""
    if name and _PAIRS.get(name[0]) == name[-1] and not any(one in name[1:-1] for one in "()[]{}"):
        return name[1:-1].strip(_AROUND)
    for opening, closing in _PAIRS.items():
        if name.count(opening) != name.count(closing):
            name = name.replace(opening, " ").replace(closing, " ")
    return " ".join(name.split()).strip(_AROUND)
