"""Documents and sources, as workers read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Document:
    """One entry of a source, in its latest revision.

    `authors`, `categories` and `links` are as the feed states them.
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
        """Make a document from the API's JSON; unknown fields are ignored."""
        known = {one.name: shown[one.name] for one in fields(cls) if one.name in shown}
        known["published_at"] = moment(known.get("published_at"))
        for name in ("authors", "categories", "links"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Source:
    """A feed with its name and address, and with title and site as the feed states them."""

    id: str
    name: str
    url: str
    tags: tuple[str, ...] = ()
    title: str | None = None
    site: str | None = None

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Self:
        """Make a source from the API's JSON; unknown fields are ignored."""
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
    """Parse a time of the API, which is in RFC 3339."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
