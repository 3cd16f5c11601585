"""What follows when a source is written through the API."""

from __future__ import annotations

import random
from typing import Protocol
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.resources.following import NoConsequences
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.resource import Input
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.resource import NewSource
from groundwork_core.sources.schedule import NextCron, check_schedule
from groundwork_core.sources.start_watching import source_edited, start_watching


class WatchingWork(SourcesWork, ResourceWork, Protocol):
    """A unit of work that knows both."""


class SourceConsequences(NoConsequences[WatchingWork]):
    """A new source is fetched at once; an edited one is planned anew."""

    def __init__(self, *, clock: Clock, next_cron: NextCron) -> None:
        """Take what tells the time and reads cron expressions."""
        self._clock = clock
        self._next_cron = next_cron
        self._random = random.SystemRandom()

    def created(self, row_id: UUID, new: Input, work: WatchingWork) -> None:
        """Check the schedule, then watch. Raises Invalid when it can never be kept."""
        now = self._clock.now()
        if isinstance(new, NewSource):
            check_schedule(new.schedule, now, next_cron=self._next_cron)
        start_watching([row_id], work=work, now=now)

    def changed(self, row_id: UUID, fields: frozenset[str], work: WatchingWork) -> None:
        """Check the schedule as it now is, then plan. Raises Invalid as `created`."""
        now = self._clock.now()
        if "schedule" in fields:
            state = work.sources.watch_state(row_id)
            if state is not None:
                check_schedule(state.schedule, now, next_cron=self._next_cron)
        source_edited(
            row_id, fields, work=work, now=now, random=self._random, next_cron=self._next_cron
        )
