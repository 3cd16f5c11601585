"""Store attempts, and their consequences for messages and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.webhooks.event_types import TEST
from groundwork_core.webhooks.ports import MadeAttempt, Settled, WebhooksWork
from groundwork_core.webhooks.resource import WEBHOOKS
from groundwork_core.webhooks.schedule import EndpointHealth, after, next_attempt

Event = Literal["failing", "disabled"]


def settle_attempts(
    made: Sequence[MadeAttempt],
    *,
    work: WebhooksWork,
    now: datetime,
    chance: Callable[[], float],
) -> Mapping[UUID, EndpointHealth]:
    """Store attempts in one transaction; return the health of their endpoints.

    An endpoint that has failed for two and a half days gets a warning: an audit event and an event
    `webhooks.failing`. After five days, or at once after 410, its webhook is disabled.
    """
    with work:
        health = dict(work.webhooks.lock_health({one.message.webhook_id for one in made}))
        events: dict[UUID, Event] = {}
        for one in made:
            known = health.get(one.message.webhook_id)
            if known is None or one.message.type == TEST:
                continue  # the webhook was deleted, or this is a test, which does not count
            health[one.message.webhook_id], consequence = after(known, one.outcome, now)
            if consequence == "warn":
                events[one.message.webhook_id] = "failing"
            elif consequence == "disable":
                events[one.message.webhook_id] = "disabled"
        there = [one for one in made if one.message.webhook_id in health]
        work.webhooks.keep_attempts(there)
        work.webhooks.settle([_settled(one, now, chance) for one in there])
        work.webhooks.keep_health(health)
        for webhook_id, event in events.items():
            _tell(webhook_id, event, health[webhook_id], work)
    return health


def _settled(made: MadeAttempt, now: datetime, chance: Callable[[], float]) -> Settled:
    attempts = made.message.attempts + 1
    if made.outcome.delivered:
        return Settled(made.message.id, "delivered", attempts, None)
    due_at = next_attempt(attempts, made.outcome, now, chance)
    if due_at is None or made.message.type == TEST:
        return Settled(made.message.id, "failed", attempts, None)
    return Settled(made.message.id, "pending", attempts, due_at)


def _tell(webhook_id: UUID, event: Event, health: EndpointHealth, work: WebhooksWork) -> None:
    """Record a warning or a disabling in the audit log and the outbox."""
    if event == "disabled" and not work.webhooks.disable(webhook_id):
        return
    since = health.failing_since
    detail = {
        "failing_since": since.isoformat() if since else None,
        "last_status": health.last_status,
    }
    work.audit.record(AuditEntry(f"webhooks.{event}", "webhooks", webhook_id, detail))
    stored = work.resources.read(WEBHOOKS, webhook_id)
    if stored is not None:
        work.webhooks.announce(webhook_id, event, stored.parsed())
