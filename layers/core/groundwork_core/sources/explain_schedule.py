"""Explain the time of a source's next poll."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, JsonValue

from groundwork_core.clock import Clock
from groundwork_core.errors import NotFound
from groundwork_core.sources.ports import SourceStore


class ScheduleExplained(BaseModel):
    """The time of the next poll, with the reason and the values it was computed from."""

    next_poll_at: datetime | None
    """Null while the source is disabled."""
    reason: str
    """One of disabled, running, new, credentials, interval, cron, adaptive, backoff,
    retry_after, cache, ttl, skip, pushed, push, schedule, moved, redirected."""
    inputs: dict[str, JsonValue]


def explain_schedule(source_id: UUID, *, sources: SourceStore, clock: Clock) -> ScheduleExplained:
    """Explain the next poll of a source. Raises NotFound."""
    state = sources.watch_state(source_id)
    if state is None:
        raise NotFound("This source does not exist.")
    inputs: dict[str, JsonValue] = {
        "schedule": state.schedule.model_dump(),
        "status": state.status,
        "last_poll_at": state.last_poll_at.isoformat() if state.last_poll_at else None,
        "failures": state.failures,
        "error_class": state.error_class,
        **state.next_poll_inputs,
    }
    reason = state.next_poll_reason
    at: datetime | None = state.next_poll_at
    now = clock.now()
    if not state.enabled:
        reason, at = "disabled", None
    elif state.claimed_until is not None and state.claimed_until > now:
        reason, at = "running", now
        inputs["claimed_until"] = state.claimed_until.isoformat()
    return ScheduleExplained(next_poll_at=at, reason=reason, inputs=inputs)
