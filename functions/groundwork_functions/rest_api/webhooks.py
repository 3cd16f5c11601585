"""Webhooks: endpoints that get events."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.resources.ports import Stored
from groundwork_core.webhooks.actions import (
    QueuedTest,
    enable_webhook,
    queue_test,
    rotate_webhook,
)
from groundwork_core.webhooks.replay_events import ReplayedEvents, ReplayEvents, replay_events
from groundwork_core.webhooks.resource import WEBHOOK_ATTEMPTS, WEBHOOKS
from groundwork_core.webhooks.write_hooks import WebhookWriteHooks
from groundwork_runtime.http import etags
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.http.subresource_list import SubresourceList
from groundwork_runtime.wiring import Wiring

NEEDS = "webhooks:write"
SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/Webhook"}}}
SHOWN_ONCE = {"application/json": {"schema": {"$ref": "#/components/schemas/CreatedWebhook"}}}


def write_hooks(wiring: Wiring, caller: Caller) -> WebhookWriteHooks:
    """Return the hooks: they check the address and the caller's rights, and make a secret."""
    return WebhookWriteHooks(wiring.allowed, caller, wiring.encryption)


router = Router()
ResourceRoutes(WEBHOOKS, write_hooks).register(router)
SubresourceList(
    WEBHOOKS, WEBHOOK_ATTEMPTS, "attempts", "List the attempts of a webhook, newest first"
).register(router)


@router.post(
    "/api/v1/webhooks/<webhook_id>/rotate",
    needs=NEEDS,
    operation_id="rotateWebhookSecret",
    tag="webhooks",
    problems=(404,),
    result="The webhook with its new secret.",
    returns=SHOWN_ONCE,
    writes=True,
)
def rotate(webhook_id: UUID, wiring: Wiring) -> HttpResponse:
    """Replace the secret of a webhook.

    Only this response shows the new secret. For 24 hours messages are signed with both secrets.
    """
    work = wiring.work()
    stored = rotate_webhook(webhook_id, work=work, clock=wiring.clock, encryption=wiring.encryption)
    return _shown(stored, work.position)


@router.post(
    "/api/v1/webhooks/<webhook_id>/enable",
    needs=NEEDS,
    operation_id="enableWebhook",
    tag="webhooks",
    problems=(404,),
    result="The enabled webhook.",
    returns=SHOWN,
    writes=True,
)
def enable(webhook_id: UUID, wiring: Wiring) -> HttpResponse:
    """Enable a webhook, reset the failures of its endpoint, and send waiting messages at once."""
    work = wiring.work()
    stored = enable_webhook(webhook_id, work=work)
    return _shown(stored, work.position)


@router.post(
    "/api/v1/webhooks/<webhook_id>/test",
    status=202,
    needs=NEEDS,
    operation_id="testWebhook",
    tag="webhooks",
    problems=(404, 409),
    result="Accepted; the message is sent once.",
)
def test(webhook_id: UUID, wiring: Wiring) -> QueuedTest:
    """Send the event `webhooks.test` to the endpoint; the list of attempts shows the response."""
    return queue_test(webhook_id, work=wiring.work(), clock=wiring.clock)


@router.post(
    "/api/v1/webhooks/<webhook_id>/replay",
    status=202,
    needs=NEEDS,
    operation_id="replayWebhookEvents",
    tag="webhooks",
    problems=(404, 409),
    result="How many messages are queued.",
)
def replay(webhook_id: UUID, body: ReplayEvents, wiring: Wiring) -> ReplayedEvents:
    """Send the events since a time again, in their order and with their ids."""
    return replay_events(webhook_id, body, work=wiring.work(), clock=wiring.clock)


def _shown(stored: Stored, position: str | None) -> HttpResponse:
    headers = {"ETag": etags.etag(stored.tag)}
    if position is not None:
        headers["X-Groundwork-Position"] = position
    return HttpResponse(200, stored.body, headers=headers)
