"""Export sources as OPML, for feed readers and other Groundwork instances."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from groundwork_core.sources.opml import Feed, write_opml
from groundwork_core.sources.ports import SourceStore

EXPORT_BATCH = 10_000
"""Sources per response, which must stay below the 6 MB limit of Lambda."""
EXPORT_BYTES = 5_000_000
TITLE = "Sources of Groundwork"


@dataclass(frozen=True, slots=True)
class ExportedSources:
    """An OPML file, and the source after which the next file continues; None if complete."""

    opml: str
    next_after: UUID | None


def export_sources(
    *, sources: SourceStore, tag: str | None = None, after: UUID | None = None
) -> ExportedSources:
    """Write sources as OPML, oldest first.

    Args:
        sources: the store of sources.
        tag: only sources with this tag.
        after: only sources after this one.
    """
    found = sources.listed(tag, after, EXPORT_BATCH)
    feeds: list[Feed] = []
    size, last = 0, after
    for source_id, feed in found:
        size += 2 * len(feed.name.encode()) + len(feed.url) + len("".join(feed.tags).encode()) + 80
        if feeds and size > EXPORT_BYTES:
            return ExportedSources(write_opml(TITLE, feeds), last)
        feeds.append(feed)
        last = source_id
    more = len(found) == EXPORT_BATCH
    return ExportedSources(write_opml(TITLE, feeds), last if more else None)
