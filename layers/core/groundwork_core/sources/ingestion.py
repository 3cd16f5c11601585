"""The state of ingestion: sources by status, backlog, freshness and slow hosts."""

from __future__ import annotations

from pydantic import BaseModel, Field

RATE_MINUTES = 10
"""The polls of so many minutes tell how fast a backlog shrinks."""
OBJECTIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Bounds of the histogram of freshness, in multiples of a source's `freshness_seconds`."""


class SourceCounts(BaseModel):
    """Numbers of sources."""

    total: int
    enabled: int
    by_status: dict[str, int]


class SlowHost(BaseModel):
    """A host and the usual duration of its answers."""

    host: str
    mean_ms: int


class FreshSources(BaseModel):
    """One bucket of the histogram of freshness."""

    within: float | None = Field(
        description="How old the last success is at most, in multiples of the source's"
        " `freshness_seconds`; null: of any age."
    )
    sources: int = Field(description="Number of sources, those of smaller buckets included.")


class Ingestion(BaseModel):
    """The state of ingestion: sources by status, backlog, freshness and slow hosts."""

    sources: SourceCounts
    due: int = Field(description="Sources that should have been polled by now.")
    oldest_due_seconds: int = Field(description="How long the first of them has been due.")
    backlog_eta_seconds: int | None = Field(
        description="When the due sources will have been polled, at the rate of the last ten"
        " minutes; null: none was polled in that time."
    )
    polls_24h: int
    documents_24h: int
    fresh_share: float | None = Field(
        description="Share of the enabled sources whose last success is not older than their"
        " `freshness_seconds`; null: there are none."
    )
    freshness: list[FreshSources] = Field(
        description="The enabled sources that ever succeeded, by the age of their last success."
    )
    hosts_open_for_a_day: int = Field(
        description="Hosts whose circuit has not been closed for a day."
    )
    silent_hubs: int = Field(
        description="Hubs that have pushed nothing for a day, while a feed has missed changes"
        " until it was polled on its schedule again."
    )
    oldest_unmarked_seconds: int = Field(
        description="How long the first document has waited for its comparison with the others"
        " (`cluster_id`) and the detection of its language."
    )
    slowest_hosts: list[SlowHost]


def eta_seconds(due: int, polls: int) -> int | None:
    """Return the seconds until `due` sources are polled, at `polls` in `RATE_MINUTES`."""
    if due == 0:
        return 0
    return round(due * RATE_MINUTES * 60 / polls) if polls else None
