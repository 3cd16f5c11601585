"""What happens when a source is created or edited, inside the transaction that does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from groundwork_core.errors import NotFound
from groundwork_core.sources.ports import SourcesWork
from groundwork_core.sources.schedule import NextCron, PollHistory, Random, next_poll

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

    A new schedule, or being enabled again, plans the next poll anew; a new url is asked without
    the old one's validators.

    Args:
        source_id: the source.
        changed: names of the fields that have a new value.
        work: open.
        now: aware, UTC.
        random: for the jitter of a failing source.
        next_cron: reads cron expressions.
    """
    if "url" in changed:
        work.sources.forget_validators(source_id)
    if not changed & {"schedule", "enabled", "url"}:
        return
    state = work.sources.watch_state(source_id)
    if state is None:
        raise NotFound("There is no such source.")
    history = PollHistory(
        failures=state.failures,
        failure=state.error_class,
        median_gap_seconds=state.median_gap_seconds,
        newest_at=state.newest_at,
    )
    last = state.last_poll_at
    if last is None or "url" in changed:
        history, last = PollHistory(), last or now
    work.sources.replan(
        source_id, next_poll(state.schedule, history, last, random=random, next_cron=next_cron)
    )
