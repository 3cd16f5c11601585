"""What workers read: documents and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Document:
    """One entry of a source, in its latest revision.

    `authors`, `categories` and `links` are what the feed states of it.
    """

    id: str
    source_id: str
    revision: int
    url: str | None
    title: str
    author: str | None
    summary: str
    content: str
    language: str | None
    content_hash: str
    published_at: datetime | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Self:
        """Read an answer; fields that are not known here are left out."""
        known = {one.name: shown[one.name] for one in fields(cls) if one.name in shown}
        known["published_at"] = moment(known.get("published_at"))
        for name in ("authors", "categories", "links"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Source:
    """A feed: its name and address, and title and site as it states them."""

    id: str
    name: str
    url: str
    tags: tuple[str, ...] = ()
    title: str | None = None
    site: str | None = None

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Self:
        """Read an answer."""
        state = shown.get("state") or {}
        return cls(
            shown["id"],
            shown["name"],
            shown["url"],
            tuple(shown.get("tags") or ()),
            state.get("title"),
            state.get("site"),
        )


def moment(text: object) -> datetime | None:
    """Read a time of the API, which is RFC 3339."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
