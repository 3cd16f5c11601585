"""Write the list of all sources, for feed readers and for another Groundwork."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from groundwork_core.sources.opml import Feed, write_opml
from groundwork_core.sources.ports import SourceStore

EXPORT_BATCH = 10_000
"""Sources of one answer, which must stay below the 6 MB that a function may answer."""
EXPORT_BYTES = 5_000_000
TITLE = "Sources of Groundwork"


@dataclass(frozen=True, slots=True)
class ExportedSources:
    """A list as OPML, and after which source the next one goes on; None: this is the end."""

    opml: str
    next_after: UUID | None


def export_sources(
    *, sources: SourceStore, tag: str | None = None, after: UUID | None = None
) -> ExportedSources:
    """Write sources, oldest first.

    Args:
        sources: where they are.
        tag: only those that have it.
        after: only those that come after this one.
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
