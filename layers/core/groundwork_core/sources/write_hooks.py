"""Hooks of writes of sources."""

from __future__ import annotations

import random
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.clock import Clock
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks
from groundwork_core.sources.ports import NextCron, SourceWritesWork
from groundwork_core.sources.resource import SOURCES, NewSource, SourcePatch
from groundwork_core.sources.schedule import check_schedule
from groundwork_core.sources.start_watching import plan_after_change, start_watching
from groundwork_core.web.address import check_private
from groundwork_core.web.reachability import AllowedTargets


class SourceWriteHooks(NoWriteHooks[SourceWritesWork]):
    """Fetches a new source at once; plans the next poll of a changed one again."""

    def __init__(self, *, clock: Clock, next_cron: NextCron, allowed: AllowedTargets) -> None:
        """`allowed` are the targets that may be reached though they are not public."""
        self._allowed = allowed
        self._clock = clock
        self._next_cron = next_cron
        self._random = random.SystemRandom()
        self._url_before: JsonValue = None

    def prepare(self, given: Input, row_id: UUID | None, work: SourceWritesWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the address. Raises Invalid when it is not public."""
        if isinstance(given, NewSource | SourcePatch) and "url" in given.model_fields_set:
            check_private(given.url, self._allowed)
        return given

    def after_create(self, row_id: UUID, new: Input, work: SourceWritesWork) -> None:
        """Check the schedule and start polling. Raises Invalid when it never matches."""
        now = self._clock.now()
        if isinstance(new, NewSource):
            check_schedule(new.schedule, now, next_cron=self._next_cron)
        start_watching([row_id], work=work, now=now)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: SourceWritesWork) -> None:
        """Remember the address, to ignore a write of the same address."""
        if "url" in fields:
            # A fetch locks the state first too, then the source by its documents. So no deadlock.
            work.sources.lock_state(row_id)
            self._url_before = _url(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: SourceWritesWork) -> None:
        """Check the new schedule and plan the next poll. Raises Invalid as `after_create`."""
        now = self._clock.now()
        if "url" in fields and _url(row_id, work) == self._url_before:
            fields -= {"url"}
        if "schedule" in fields:
            state = work.sources.watch_state(row_id)
            if state is not None:
                check_schedule(state.schedule, now, next_cron=self._next_cron)
        plan_after_change(
            row_id, fields, work=work, now=now, random=self._random, next_cron=self._next_cron
        )


def _url(row_id: UUID, work: SourceWritesWork) -> JsonValue:
    stored = work.resources.read(SOURCES, row_id)
    return None if stored is None else stored.parsed()["url"]
