"""The event types of webhooks, as `[topic].[type]`, and the outbox rows that cause them.

`created`, `updated` and `deleted` are changes of any version. A status causes an event when it is
reached: `contents.published` is sent once, not for each later change of a published content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from groundwork_core.jobs.resource import Status as JobStatus
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.contents import Status as ContentStatus
from groundwork_core.publishing.distributions import DeliveryStatus, DistributionStatus

TEST = "webhooks.test"
"""Sent by `POST /webhooks/{id}/test` to that webhook, even if its events do not include it."""
CHANGES = ("created", "updated", "deleted")

STATUSES: Mapping[str, tuple[str, ...]] = {
    "entities": (),
    "relationships": (),
    "documents": (),
    "embeddings": (),
    "engagements": (),
    "configurations": (),
    "publishers": (),
    "roles": (),
    "users": (),
    "sources": ("ok", "throttled", "blocked", "gone", "moved", "failing", "disabled"),
    "jobs": ("progress", *get_args(JobStatus)),
    "contents": get_args(ContentStatus),
    "distributions": get_args(DistributionStatus),
    "deliveries": get_args(DeliveryStatus),
    "webhooks": ("failing", "disabled"),
}
"""The topics, and the types of each besides changes. Preferences and API keys are their users'."""

EVENT_TYPES: Mapping[str, str] = {
    f"{topic}.{kind}": f"{topic}:read"
    for topic, statuses in STATUSES.items()
    for kind in (*CHANGES, *statuses)
}
"""Every event, with the permission that its reader needs."""


def types_of(row: OutboxRow) -> tuple[str, ...]:
    """Return the event types that a row causes: its change, and the status that it reached."""
    names = [row.kind, _reached(row)]
    found = (f"{row.aggregate}.{name}" for name in dict.fromkeys(names) if name)
    return tuple(one for one in found if one in EVENT_TYPES)


def unknown(events: Iterable[str]) -> list[int]:
    """Return the indexes of those texts that are not event types."""
    return [place for place, event in enumerate(events) if event not in EVENT_TYPES]


def _reached(row: OutboxRow) -> str | None:
    if row.became is not None or row.aggregate != "jobs" or row.kind not in CHANGES[:2]:
        return row.became
    status = row.data.get("status")
    return status if isinstance(status, str) else None
