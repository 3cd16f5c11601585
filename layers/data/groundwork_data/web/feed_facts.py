"""The metadata of a feed, in any format."""

from __future__ import annotations

import statistics
from datetime import datetime
from itertools import pairwise

from groundwork_core.documents.model import Entry
from groundwork_core.sources.model import FeedFacts
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.wishes import Wishes

MAX_ENTRIES = 5_000
GAP_ENTRIES = 20
RHYTHM_ENTRIES = 200


def feed_facts(
    *,
    title: str,
    site: str | None,
    language: str | None,
    entries: list[Entry],
    now: datetime,
    warning: str | None = None,
    wishes: Wishes | None = None,
) -> FeedFacts:
    """Return a feed's metadata, and how often it has published so far."""
    dates = (entry.published_at for entry in entries)
    moments = sorted((at for at in dates if at and at <= now), reverse=True)
    latest = moments[:GAP_ENTRIES]
    gaps = [(newer - older).total_seconds() for newer, older in pairwise(latest)]
    return FeedFacts(
        title=title,
        site=site,
        language=language,
        median_gap_seconds=round(statistics.median(gaps)) if gaps else None,
        newest_at=latest[0] if latest else None,
        warning=warning,
        rhythm=Rhythm.of(moments[:RHYTHM_ENTRIES]),
        wishes=wishes or Wishes(),
    )
