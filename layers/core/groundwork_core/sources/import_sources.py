"""Take over a list of feeds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from groundwork_core.clock import Clock
from groundwork_core.sources.lists import Listed, read_list
from groundwork_core.sources.model import DEFAULT_SCHEDULE, Adaptive, Cron, Interval
from groundwork_core.sources.ports import NewSource, SourcesWork
from groundwork_core.sources.start_watching import start_watching

IMPORT_BATCH = 500


class ImportedLine(BaseModel):
    """What became of one feed of the list."""

    line: int
    url: str
    name: str
    status: Literal["created", "exists", "invalid"]
    id: UUID | None = None
    detail: str | None = None


def import_sources(
    data: bytes,
    *,
    work: Callable[[], SourcesWork],
    clock: Clock,
    schedule: Interval | Cron | Adaptive = DEFAULT_SCHEDULE,
) -> list[ImportedLine]:
    """Make a source of each feed in a list, and fetch the new ones at once.

    Safe to repeat: what is there is left alone. A batch of lines is one transaction.

    Args:
        data: OPML, or one address a line.
        work: begins a unit of work.
        clock: tells when watching begins.
        schedule: of the new sources.

    Raises:
        NotAList: the file cannot be read; nothing was imported.
    """
    listed = iter(read_list(data))
    seen: set[str] = set()
    lines: list[ImportedLine] = []
    while batch := list(islice(listed, IMPORT_BATCH)):
        wanted = {one.url: one for one in reversed(batch) if not one.fault and one.url not in seen}
        with work() as open_work:
            made = open_work.sources.add(
                [NewSource(one.name, one.url, schedule, one.tags) for one in wanted.values()]
            )
            start_watching(list(made.values()), work=open_work, now=clock.now())
        for one in batch:
            lines.append(_line(one, None if one.url in seen else made.get(one.url)))
            seen.add(one.url)
    return lines


def _line(one: Listed, made: UUID | None) -> ImportedLine:
    status: Literal["created", "exists", "invalid"] = "created" if made else "exists"
    return ImportedLine(
        line=one.line,
        url=one.url,
        name=one.name,
        status="invalid" if one.fault else status,
        id=made,
        detail=one.fault,
    )
