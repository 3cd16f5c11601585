"""Hooks of writes of sources: check addresses and schedules, and plan polls."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks
from groundwork_core.sources.credentials import (
    AnyCredentials,
    origin_of,
    place_of,
    sealed_text,
)
from groundwork_core.sources.kinds import check_config
from groundwork_core.sources.model import PlannedPoll
from groundwork_core.sources.ports import NextCron, SourceWritesWork
from groundwork_core.sources.resource import (
    SOURCES,
    NewSource,
    SourcePatch,
    StoredSource,
    StoredSourcePatch,
)
from groundwork_core.sources.schedule import check_schedule
from groundwork_core.sources.start_watching import plan_after_change, start_watching
from groundwork_core.web.address import check_private
from groundwork_core.web.reachability import AllowedTargets


class SourceWriteHooks(NoWriteHooks[SourceWritesWork]):
    """Fetches a new source at once; plans the next poll of a changed one again."""

    def __init__(
        self,
        *,
        clock: Clock,
        next_cron: NextCron,
        allowed: AllowedTargets,
        encryption: Callable[[], Encryption],
    ) -> None:
        """`allowed` are the targets that may be reached although they are not public.

        `encryption` returns the encryption of credentials; it is called when credentials are first
        given.
        """
        self._encryption = encryption
        self._credentials: AnyCredentials | None = None
        self._allowed = allowed
        self._clock = clock
        self._next_cron = next_cron
        self._random = random.SystemRandom()
        self._url_before: JsonValue = None

    def prepare(self, given: Input, row_id: UUID | None, work: SourceWritesWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the address. Raises Invalid if it is not public."""
        if isinstance(given, NewSource | SourcePatch) and "url" in given.model_fields_set:
            check_private(given.url, self._allowed)
        if isinstance(given, NewSource):
            check_config(given.kind, given.config)
        return self._without_credentials(given)

    def _without_credentials(self, given: Input) -> Input:
        if not isinstance(given, NewSource | SourcePatch):
            return given
        fields = given.model_fields_set
        if "credentials" not in fields:
            return given
        self._credentials = given.credentials
        others = given.model_dump(include=fields - {"credentials"})
        kind = StoredSource if isinstance(given, NewSource) else StoredSourcePatch
        return kind(**others, has_credentials=given.credentials is not None)

    def after_create(self, row_id: UUID, new: Input, work: SourceWritesWork) -> None:
        """Check the schedule and start polling. Raises Invalid if the schedule never matches."""
        now = self._clock.now()
        if isinstance(new, NewSource):
            check_schedule(new.schedule, now, next_cron=self._next_cron)
            self._keep(row_id, new.url, work)
        start_watching([row_id], work=work, now=now)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: SourceWritesWork) -> None:
        """Remember the address, so that a write of the same address is not a change."""
        # In the same order as a fetch: first the state, then the source.
        work.sources.lock_state(row_id)
        if "url" in fields:
            self._url_before = _url(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: SourceWritesWork) -> None:
        """Check the new schedule and plan the next poll. Raises Invalid if it never matches."""
        now = self._clock.now()
        if "url" in fields and _url(row_id, work) == self._url_before:
            fields -= {"url"}
        if "schedule" in fields:
            state = work.sources.watch_state(row_id)
            if state is not None:
                check_schedule(state.schedule, now, next_cron=self._next_cron)
        if fields & {"kind", "config"}:
            _check_stored_config(row_id, work)
        if "credentials" in fields:
            self._change(row_id, now, work)
        elif "url" in fields:
            self._forget_at_another_origin(row_id, work)
        if fields & {"kind", "config"}:
            fields |= {"url"}  # responses are read differently now
        plan_after_change(
            row_id, fields, work=work, now=now, random=self._random, next_cron=self._next_cron
        )

    def _change(self, row_id: UUID, now: datetime, work: SourceWritesWork) -> None:
        if self._credentials is not None:
            self._keep(row_id, str(_url(row_id, work)), work)
            work.sources.replan(row_id, PlannedPoll(now, "credentials", {}))
        elif work.credentials.remove(row_id):
            work.audit.record(AuditEntry("sources.credentials_removed", "sources", row_id))

    def _keep(self, row_id: UUID, url: str, work: SourceWritesWork) -> None:
        given = self._credentials
        if given is None:
            return
        encrypted = self._encryption().encrypt(sealed_text(given, url), place_of(row_id))
        work.credentials.set(row_id, encrypted)
        detail: dict[str, JsonValue] = {"scheme": given.scheme}
        work.audit.record(AuditEntry("sources.credentials_set", "sources", row_id, detail))

    def _forget_at_another_origin(self, row_id: UUID, work: SourceWritesWork) -> None:
        """Remove the credentials if the new address has another origin."""
        url = _url(row_id, work)
        if origin_of(str(url)) == origin_of(str(self._url_before)):
            return
        if work.credentials.forget(row_id):
            work.audit.record(AuditEntry("sources.credentials_removed", "sources", row_id))


def _check_stored_config(row_id: UUID, work: SourceWritesWork) -> None:
    stored = work.resources.read(SOURCES, row_id)
    if stored is not None:
        now = stored.parsed()
        check_config(str(now["kind"]), now["config"])


def _url(row_id: UUID, work: SourceWritesWork) -> JsonValue:
    stored = work.resources.read(SOURCES, row_id)
    return None if stored is None else stored.parsed()["url"]
