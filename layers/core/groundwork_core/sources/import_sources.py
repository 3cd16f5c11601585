"""Take over a list of feeds."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid
from groundwork_core.sources.feed_lists import NotAList, read_list
from groundwork_core.sources.model import Adaptive, Cron, Interval
from groundwork_core.sources.ports import SourceRow, SourcesWork
from groundwork_core.sources.start_watching import start_watching
from groundwork_core.web.reachability import AllowedTargets

IMPORT_BATCH = 2_000
IMPORT_SCHEDULE = Adaptive(kind="adaptive", min_seconds=900, max_seconds=86_400)
"""Of imported sources: a list may be long, and most of its feeds are quiet."""


class LeftOut(BaseModel):
    """A feed of the list that is no source now, and why."""

    line: int
    url: str
    """As it stands in the list, at most 300 characters of it."""
    detail: str


class ImportedSources(BaseModel):
    """What became of the feeds of a list."""

    created: int
    existing: int
    """Were sources before, or stand in the list more than once."""
    failed: list[LeftOut]


def import_sources(
    data: bytes,
    *,
    work: Callable[[], SourcesWork],
    clock: Clock,
    allowed: AllowedTargets,
    charset: str | None = None,
    schedule: Interval | Cron | Adaptive = IMPORT_SCHEDULE,
) -> ImportedSources:
    """Make a source of each feed in a list, and fetch the new ones at once.

    Safe to repeat: what is there is left alone. A batch of feeds is one transaction.

    Args:
        data: OPML, or one address a line.
        work: begins a unit of work.
        clock: tells when watching begins.
        allowed: what may be reached besides public addresses.
        charset: of the data, where its sender says so.
        schedule: of the new sources.

    Raises:
        Invalid: the file is no list of feeds; nothing was imported.
    """
    try:
        listed = read_list(data, charset=charset, allowed=allowed)
    except NotAList as error:
        raise Invalid("The list cannot be read.", (Fault("", str(error)),)) from error
    good = [one for one in listed if one.fault is None]
    wanted = list({one.url: one for one in reversed(good)}.values())[::-1]
    created = 0
    for start in range(0, len(wanted), IMPORT_BATCH):
        batch = wanted[start : start + IMPORT_BATCH]
        with work() as open_work:
            made = open_work.sources.add(
                [SourceRow(one.name, one.url, schedule, one.tags) for one in batch]
            )
            start_watching(list(made.values()), work=open_work, now=clock.now())
        created += len(made)
    return ImportedSources(
        created=created,
        existing=len(good) - created,
        failed=[
            LeftOut(line=one.line, url=one.url, detail=one.fault) for one in listed if one.fault
        ],
    )
