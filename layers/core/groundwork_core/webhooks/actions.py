"""Actions on webhooks besides changes: new secret, enable, test."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.resources.ports import Stored
from groundwork_core.webhooks.message import message_id
from groundwork_core.webhooks.ports import WebhooksWork
from groundwork_core.webhooks.resource import WEBHOOKS
from groundwork_core.webhooks.secrets import rotate_secret


class QueuedTest(BaseModel):
    """A test message that will be sent once."""

    model_config = ConfigDict(defer_build=True)

    message_id: str = Field(
        description="The `webhook-id` of the test message, under which its attempt is listed."
    )


def rotate_webhook(
    row_id: UUID, *, work: WebhooksWork, clock: Clock, encryption: Encryption
) -> Stored:
    """Replace a webhook's secret, and return the webhook with the new one.

    For 24 hours messages are signed with both.

    Raises:
        NotFound: there is no webhook with this id.
    """
    with work:
        stored = _read(row_id, work)
        secret = rotate_secret(
            row_id, webhooks=work.webhooks, encryption=encryption, now=clock.now()
        )
        work.audit.record(AuditEntry("webhooks.rotated", "webhooks", row_id))
    return replace(stored, body=f"{stored.body[:-1]},{to_json({'secret': secret}).decode()[1:]}")


def enable_webhook(row_id: UUID, *, work: WebhooksWork) -> Stored:
    """Enable a webhook, reset its endpoint's failures, and make waiting messages due now.

    Raises:
        NotFound: there is no webhook with this id.
    """
    with work:
        if not work.webhooks.enable(row_id):
            raise NotFound(WEBHOOKS.missing())
        work.webhooks.try_at_once(row_id)
        return _read(row_id, work)


def queue_test(row_id: UUID, *, work: WebhooksWork, clock: Clock) -> QueuedTest:
    """Queue a test message. It is attempted once, even while the circuit is open.

    Raises:
        NotFound: there is no webhook with this id.
        Conflict: the webhook is disabled.
    """
    with work:
        must_be_enabled(_read(row_id, work))
        return QueuedTest(message_id=message_id(work.webhooks.add_test(row_id, clock.now())))


def must_be_enabled(webhook: Stored) -> None:
    """Raise Conflict if a webhook is disabled."""
    if not webhook.parsed()["enabled"]:
        raise Conflict("The webhook is disabled; enable it first.", field="enabled")


def _read(row_id: UUID, work: WebhooksWork) -> Stored:
    stored = work.resources.read(WEBHOOKS, row_id)
    if stored is None:
        raise NotFound(WEBHOOKS.missing())
    return stored
