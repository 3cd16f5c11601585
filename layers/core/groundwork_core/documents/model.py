"""An entry of a feed, before it is stored as a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import accumulate
from typing import TypeVar
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.resources.bounded_json import TEXTS_BYTES_MAX, json_bytes

MAX_EXTERNAL_ID = 2_048
URL_BYTES_MAX = 16_384
LINKS_LENGTH_MAX = 140_000
FILES_LENGTH_MAX = 40_000
"""Maximum characters of all links, and of all enclosures; JSON needs up to six bytes for each."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file attached to an entry, such as a podcast episode."""

    url: str
    type: str | None = None
    """The media type, as stated."""
    length: int | None = None
    """The size in bytes, as stated."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, with text that Postgres can store and cleaned HTML."""

    external_id: str
    """The id that the feed states, else the link, else a hash of the content."""
    url: str | None
    title: str
    author: str | None
    summary: str
    content: str
    language: str | None
    published_at: datetime | None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    wording: str = ""
    """A hash of summary and content before cleaning."""
    has_own_id: bool = True
    """True if the feed states an id, and not only a link."""

    def texts(self) -> tuple[str, str]:
        """Return summary and content; a text that exceeds the limit of one response is empty."""
        if json_bytes(self.summary, self.content) <= TEXTS_BYTES_MAX:
            return self.summary, self.content
        if json_bytes(self.content) <= TEXTS_BYTES_MAX:
            return "", self.content
        return (self.summary if json_bytes(self.summary) <= TEXTS_BYTES_MAX else ""), ""

    def address(self) -> str | None:
        """Return the address, unless it is too long to be usable."""
        long = self.url is not None and len(self.url.encode()) > URL_BYTES_MAX
        return None if long else self.url

    def metadata(self) -> dict[str, JsonValue]:
        """Return authors, categories and as many links as fit."""
        return {
            "authors": list(self.authors),
            "categories": list(self.categories),
            "links": [*_fitting(self.links, len, LINKS_LENGTH_MAX)],
        }

    def files(self) -> list[dict[str, JsonValue]]:
        """Return the enclosures as JSON, as many as fit."""
        kept = _fitting(
            self.enclosures, lambda one: len(one.url) + len(one.type or ""), FILES_LENGTH_MAX
        )
        return [asdict(one) for one in kept]

    def content_hash(self) -> str:
        """Return the SHA-256 of the content in hex, without the id.

        HTML is hashed before cleaning, so that a change of the cleaning rules does not make a new
        revision.
        """
        state = asdict(self)
        del state["external_id"], state["has_own_id"]
        if self.wording:
            del state["summary"], state["content"], state["links"]
        state["published_at"] = self.published_at.isoformat() if self.published_at else None
        return sha256(json.dumps(state, ensure_ascii=False, sort_keys=True))


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A new document, or a document with a new revision."""

    id: UUID
    revision: int


def _fitting(parts: tuple[Part, ...], length: Callable[[Part], int], most: int) -> tuple[Part, ...]:
    """Return the first parts whose total length is at most `most`."""
    return parts[: sum(so_far <= most for so_far in accumulate(map(length, parts)))]


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def wording_hash(summary: str, content: str) -> str:
    """Return a hash of summary and content before cleaning; an empty text if both are empty."""
    return sha256(f"{summary}\0{content}") if summary or content else ""


def external_id(own_id: str | None, url: str | None, content: str) -> str:
    """Choose the id of an entry in its source; an id that is too long is replaced by its hash."""
    chosen = (own_id or "").strip() or (url or "").strip()
    if not chosen:
        return f"sha256:{sha256(content)}"
    return chosen if len(chosen) <= MAX_EXTERNAL_ID else f"sha256:{sha256(chosen)}"
