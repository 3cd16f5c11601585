"""Webhooks."""

from groundwork_core.caller import Caller
from groundwork_core.publishing.webhooks import WEBHOOKS, WebhookWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, _caller: Caller) -> WebhookWriteHooks:
    """Return the hooks: a new webhook gets a secret; its address must be public."""
    return WebhookWriteHooks(wiring.allowed)


router = Router()
ResourceRoutes(WEBHOOKS, write_hooks).register(router)
