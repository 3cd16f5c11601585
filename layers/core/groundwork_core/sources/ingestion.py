"""The state of ingestion: sources by status, backlog, freshness and slow hosts."""

from __future__ import annotations

from pydantic import BaseModel, Field

RATE_MINUTES = 10
"""Minutes whose polls show how fast a backlog shrinks."""
OBJECTIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Bounds of the histogram of freshness, in multiples of a source's `freshness_seconds`."""


class SourceCounts(BaseModel):
    """Counts of sources."""

    total: int
    enabled: int
    by_status: dict[str, int]


class SlowHost(BaseModel):
    """A host and the usual duration of its responses."""

    host: str
    mean_ms: int


class FreshSources(BaseModel):
    """One bucket of the histogram of freshness."""

    within: float | None = Field(
        description="The maximum age of the last success, in multiples of the source's"
        " `freshness_seconds`; null means any age."
    )
    sources: int = Field(description="Number of sources, including those of smaller buckets.")


class Ingestion(BaseModel):
    """The state of ingestion: sources by status, backlog, freshness and slow hosts."""

    sources: SourceCounts
    due: int = Field(description="Number of sources that should have been polled by now.")
    oldest_due_seconds: int = Field(description="How many seconds the oldest of them has been due.")
    backlog_eta_seconds: int | None = Field(
        description="Seconds until the due sources will have been polled, at the rate of the last"
        " ten minutes; null: none was polled in that time."
    )
    polls_24h: int
    documents_24h: int
    fresh_share: float | None = Field(
        description="Share of the enabled sources whose last success is not older than their"
        " `freshness_seconds`; null if there are no sources."
    )
    freshness: list[FreshSources] = Field(
        description="The enabled sources that ever succeeded, by the age of their last success."
    )
    hosts_open_for_a_day: int = Field(
        description="Hosts whose circuit has not been closed for a day."
    )
    silent_hubs: int = Field(
        description="Hubs that have pushed nothing for a day, although polls of a feed found"
        " changes."
    )
    oldest_unmarked_seconds: int = Field(
        description="How long the first document has waited for its comparison with the others"
        " (`cluster_id`) and the detection of its language."
    )
    slowest_hosts: list[SlowHost]


def eta_seconds(due: int, polls: int) -> int | None:
    """Return how many seconds it takes to poll `due` sources, at `polls` per `RATE_MINUTES`."""
    if due == 0:
        return 0
    return round(due * RATE_MINUTES * 60 / polls) if polls else None
