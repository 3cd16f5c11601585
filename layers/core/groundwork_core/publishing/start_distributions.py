"""Start distributions that are due."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.clock import Clock
from groundwork_core.configuration.preference_schema import default_of
from groundwork_core.configuration.preference_schemas import effective_value
from groundwork_core.publishing.distribution_message import (
    MESSAGE_BYTES_MAX,
    DistributionCommand,
    EffectivePreferencesOf,
    message_of,
)
from groundwork_core.publishing.ports import DistributionsWork

if TYPE_CHECKING:
    from groundwork_core.configuration.ports import JsonSchemas

START_BATCH = 100
START_BATCHES = 20
"""Batches of a run, so at most 2,000 distributions; the next run starts the rest."""
TOO_LARGE = {
    "class": "bad_input",
    "message": f"The message would have more than {MESSAGE_BYTES_MAX:,} bytes; shorten the spec,"
    " or split the users over several distributions.",
}


def start_due(
    *, work: DistributionsWork, clock: Clock, public_url: str, checker: JsonSchemas
) -> int:
    """Start due distributions, one batch per transaction; return how many were due.

    Several schedulers may run at the same time: each distribution is started by one of them.
    """
    started = 0
    for _ in range(START_BATCHES):
        with work:
            batch = start_now(work, clock, public_url, checker)
        started += batch
        if batch < START_BATCH:
            break
    return started


def start_now(
    work: DistributionsWork,
    clock: Clock,
    public_url: str,
    checker: JsonSchemas,
    only: UUID | None = None,
) -> int:
    """Start due distributions in the running transaction; return how many were due.

    Each message is written to the outbox in this transaction, so exactly once. If a message is too
    large for a queue, its distribution fails, so that it does not hold up others.
    """
    now = clock.now()
    due = work.distributions.due(now, START_BATCH, only)
    if not due:
        return 0
    users = {user for one in due for user in one.user_ids}
    preferences = _effective(users, work, checker)
    messages = [message_of(one, preferences, public_url, now) for one in due]
    # Measured as the queue writes it.
    fitting = [
        one for one in messages if len(json.dumps(one.model_dump(mode="json"))) <= MESSAGE_BYTES_MAX
    ]
    fits = {one.distribution_id for one in fitting}
    work.distributions.start(fitting, now)
    work.distributions.end([one.id for one in due if one.id not in fits], "failed", TOO_LARGE)
    work.publish(*map(DistributionCommand, fitting))
    return len(due)


def _effective(
    users: Collection[UUID], work: DistributionsWork, checker: JsonSchemas
) -> EffectivePreferencesOf:
    """Return the current preferences of users; runs no query if there are no users."""
    if not users:
        return EffectivePreferencesOf({}, {})
    schemas = work.distributions.preference_schemas()
    defaults = {key: default_of(schema) for key, schema in schemas.items()}
    stated: dict[UUID, dict[str, JsonValue]] = {}
    for user, values in work.distributions.preferences(users).items():
        for key, value in values.items():
            found = effective_value(schemas.get(key), value, checker)
            if found is not None:
                (stated.setdefault(user, {})[key],) = found
    known = {key: value for key, value in defaults.items() if value is not None}
    return EffectivePreferencesOf(stated, known)
