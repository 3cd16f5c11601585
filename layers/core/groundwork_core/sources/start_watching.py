"""Start polling new sources and plan changed ones, in the transaction of the write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.errors import NotFound
from groundwork_core.sources.ports import NextCron, Random, SourcesWork
from groundwork_core.sources.schedule import PollHistory, next_poll, place_of

CLAIM_SECONDS = 900
"""Duration of a claim; without a report the source is then due again."""


def start_watching(source_ids: Sequence[UUID], *, work: SourcesWork, now: datetime) -> None:
    """Start polling new sources: each enabled one is fetched at once.

    Call it in the unit of work that inserted them.
    """
    commands = work.sources.start(source_ids, now, now + timedelta(seconds=CLAIM_SECONDS))
    if commands:
        work.publish(*commands)


def plan_after_change(
    source_id: UUID,
    changed: frozenset[str],
    *,
    work: SourcesWork,
    now: datetime,
    random: Random,
    next_cron: NextCron,
) -> None:
    """Plan the next poll after a change of a source, in the same unit of work.

    A new url is fetched at once, without the old validators; a running fetch of the old url is not
    recorded. A new schedule, or enabling the source, plans the next poll again.

    Args:
        source_id: the source.
        changed: the names of changed fields.
        work: the open unit of work.
        now: the current time, aware, UTC.
        random: makes the jitter of a failing source.
        next_cron: evaluates cron expressions.
    """
    if "url" in changed:
        commands = work.sources.start_again(source_id, now, now + timedelta(seconds=CLAIM_SECONDS))
        if commands:
            work.publish(*commands)
        return
    if not changed & {"schedule", "enabled"}:
        return
    state = work.sources.watch_state(source_id)
    if state is None:
        raise NotFound("This source does not exist.")
    last = state.last_poll_at
    if last is None and "schedule" not in changed:
        return  # never polled: its first poll is due or running
    history = PollHistory(
        failures=state.failures,
        failure=state.error_class,
        median_gap_seconds=state.median_gap_seconds,
        newest_at=state.newest_at,
        rhythm=state.rhythm,
        wishes=state.wishes,
        fresh_seconds=_seconds(state.next_poll_inputs.get("fresh_seconds")),
        retry_after_seconds=_seconds(state.next_poll_inputs.get("retry_after_seconds")),
    )
    last = last or now
    planned = next_poll(
        state.schedule,
        history,
        last,
        random=random,
        next_cron=next_cron,
        place=place_of(source_id),
    )
    work.sources.replan(source_id, planned)


def _seconds(stored: JsonValue) -> int | None:
    return stored if isinstance(stored, int) else None
