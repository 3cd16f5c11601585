"""A document as a source states it, before it is stored."""

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
"""Characters of all links, and of all enclosures: six bytes each at most, as JSON."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that an entry brings along: an episode, a film, a picture."""

    url: str
    type: str | None = None
    """Its media type, as stated."""
    length: int | None = None
    """Its size in bytes, as stated."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed: clean text that Postgres takes, HTML that a page may show."""

    external_id: str
    """The entry's own id in its source, else its link, else its content's hash."""
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
    """A hash of what summary and content say as they are written, before they are cleaned."""
    has_own_id: bool = True
    """Whether its source gives it an id, and not only a link."""

    def texts(self) -> tuple[str, str]:
        """Summary and content; empty where one more would be too long for any answer."""
        if json_bytes(self.summary, self.content) <= TEXTS_BYTES_MAX:
            return self.summary, self.content
        if json_bytes(self.content) <= TEXTS_BYTES_MAX:
            return "", self.content
        return (self.summary if json_bytes(self.summary) <= TEXTS_BYTES_MAX else ""), ""

    def address(self) -> str | None:
        """Its address, unless it is longer than any that works."""
        long = self.url is not None and len(self.url.encode()) > URL_BYTES_MAX
        return None if long else self.url

    def metadata(self) -> dict[str, JsonValue]:
        """What the feed states beside the text; of links, as many as fit."""
        return {
            "authors": list(self.authors),
            "categories": list(self.categories),
            "links": [*_fitting(self.links, len, LINKS_LENGTH_MAX)],
        }

    def files(self) -> list[dict[str, JsonValue]]:
        """Its enclosures as JSON, as many as fit."""
        kept = _fitting(
            self.enclosures, lambda one: len(one.url) + len(one.type or ""), FILES_LENGTH_MAX
        )
        return [asdict(one) for one in kept]

    def content_hash(self) -> str:
        """SHA-256, in hex, of all that makes the content; the id is no part of it.

        Of HTML it is what the publisher wrote that counts, not what cleaning makes of it: another
        way of cleaning is no news of the publisher.
        """
        state = asdict(self)
        del state["external_id"], state["has_own_id"]
        if self.wording:
            del state["summary"], state["content"], state["links"]
        state["published_at"] = self.published_at.isoformat() if self.published_at else None
        return sha256(json.dumps(state, ensure_ascii=False, sort_keys=True))


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document that is new, or in a new revision."""

    id: UUID
    revision: int


def _fitting(parts: tuple[Part, ...], length: Callable[[Part], int], most: int) -> tuple[Part, ...]:
    """The first of some parts, as many as are together no longer than that."""
    return parts[: sum(so_far <= most for so_far in accumulate(map(length, parts)))]


def sha256(text: str) -> str:
    """Hash text, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def wording_hash(summary: str, content: str) -> str:
    """Hash what a summary and a content say; empty when they say nothing."""
    return sha256(f"{summary}\0{content}") if summary or content else ""


def external_id(own_id: str | None, url: str | None, content: str) -> str:
    """Choose what identifies an entry in its source; too long an id is replaced by its hash."""
    chosen = (own_id or "").strip() or (url or "").strip()
    if not chosen:
        return f"sha256:{sha256(content)}"
    return chosen if len(chosen) <= MAX_EXTERNAL_ID else f"sha256:{sha256(chosen)}"
