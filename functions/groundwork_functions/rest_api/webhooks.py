"""Webhooks."""

from groundwork_core.caller import Caller
from groundwork_core.publishing.webhooks import WEBHOOKS, WebhookWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(wiring: Wiring, _caller: Caller) -> WebhookWriteHooks:
    """A new webhook gets a secret, and its address must be public."""
    return WebhookWriteHooks(wiring.allowed)


router = Router()
ResourceRoutes(WEBHOOKS, follow).register(router)
