"""What happens when a source is created or edited, inside the transaction that does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from groundwork_core.errors import NotFound
from groundwork_core.sources.ports import NextCron, Random, SourcesWork
from groundwork_core.sources.schedule import PollHistory, next_poll

CLAIM_SECONDS = 900
"""How long a claimed source waits for its fetch before it is due again (the queue was lost)."""


def start_watching(source_ids: Sequence[UUID], *, work: SourcesWork, now: datetime) -> None:
    """Begin watching sources just created: each enabled one is fetched at once.

    Call it inside the open unit of work that inserted them.
    """
    commands = work.sources.start(source_ids, now, now + timedelta(seconds=CLAIM_SECONDS))
    if commands:
        work.publish(*commands)


def source_edited(
    source_id: UUID,
    changed: frozenset[str],
    *,
    work: SourcesWork,
    now: datetime,
    random: Random,
    next_cron: NextCron,
) -> None:
    """Follow an edit of a source, inside the open unit of work that made it.

    A new url is fetched at once, without the old one's validators; a fetch of the old one that
    still runs is not recorded. A new schedule, or being enabled again, plans the next poll anew.

    Args:
        source_id: the source.
        changed: names of the fields that have a new value.
        work: open.
        now: aware, UTC.
        random: for the jitter of a failing source.
        next_cron: reads cron expressions.
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
        raise NotFound("There is no such source.")
    last = state.last_poll_at
    if last is None:
        return  # it was never polled: its first poll is due, or runs
    history = PollHistory(
        failures=state.failures,
        failure=state.error_class,
        median_gap_seconds=state.median_gap_seconds,
        newest_at=state.newest_at,
    )
    work.sources.replan(
        source_id, next_poll(state.schedule, history, last, random=random, next_cron=next_cron)
    )
