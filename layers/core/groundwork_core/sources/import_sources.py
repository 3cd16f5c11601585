"""Import a list of feeds as sources."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid
from groundwork_core.sources.feed_lists import NotAList, read_list
from groundwork_core.sources.model import Adaptive, Cron, Interval
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.rows import SourceRow
from groundwork_core.sources.start_watching import start_watching
from groundwork_core.web.reachability import AllowedTargets

IMPORT_BATCH = 2_000
IMPORT_SCHEDULE = Adaptive(kind="adaptive", min_seconds=900, max_seconds=86_400)
"""The schedule of imported sources; lists are long and most of their feeds change rarely."""


class LeftOut(BaseModel):
    """A feed of the list that was not imported, with the reason."""

    line: int
    url: str
    """The address as written in the list, at most 300 characters."""
    detail: str


class ImportedSources(BaseModel):
    """The outcome of an import."""

    created: int
    existing: int
    """Feeds that were sources already, or are repeated in the list."""
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
    """Create a source for each feed of a list, and fetch the new ones at once.

    Safe to repeat: existing sources are left unchanged. Each batch of feeds is one transaction.

    Args:
        data: OPML, or one address per line.
        work: returns a new unit of work.
        clock: gives the time of the first polls.
        allowed: targets that may be reached although they are not public.
        charset: the encoding of the data, if its sender states one.
        schedule: the schedule of the new sources.

    Raises:
        Invalid: the file is not a list of feeds; nothing was imported.
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
