"""Return the state of ingestion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from groundwork_core.sources.ingestion import RATE_MINUTES, Ingestion

if TYPE_CHECKING:
    from groundwork_core.clock import Clock
    from groundwork_core.sources.ports import SourcesWork

SLOWEST = 10
"""Hosts that are listed with the slowest responses."""


def watch_ingestion(*, work: SourcesWork, clock: Clock) -> Ingestion:
    """Return the current state of ingestion."""
    now = clock.now()
    with work:
        return work.sources.ingestion(now, now - timedelta(minutes=RATE_MINUTES), SLOWEST)
